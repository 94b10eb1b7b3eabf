/* Views of the page.  Names reach the document as text nodes only. */
const find = id => document.getElementById(id);
const PALETTES = {  // blue to red (ColorBrewer RdBu) on light, blue to orange on dark: told apart with any colour vision
  light: [[33, 102, 172], [103, 169, 207], [209, 229, 240], [247, 247, 247], [253, 219, 199], [239, 138, 98], [178, 24, 43]],
  dark: [[125, 192, 255], [66, 130, 190], [42, 74, 106], [44, 44, 49], [108, 62, 42], [196, 108, 66], [255, 172, 128]],
};
const ROWS_A_PAGE = 100;
/* From how many pixels of a cell there are labels, gaps between cells, and crosses for missing estimates. */
const LABELS_FROM = 9, GAPS_FROM = 8, CROSSES_FROM = 5;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const THEMES = ["system", "light", "dark"];
let theme = "system";

function make(tag, options = {}, ...children) {
  const { on = {}, ...attributes } = options;
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  node.append(...children);
  return node;
}

function makeSvg(tag, attributes = {}, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

const coloursNow = () => theme === "system" ? (dark.matches ? "dark" : "light") : theme;

/* Colours from -1 to 1 in steps of .002, made once: as text for a canvas's pen, and as the four bytes of a pixel. */
const N_SHADES = 1001;
const SHADE_PARTS = Object.entries(PALETTES).map(([name, palette]) => [name, Array.from({ length: N_SHADES }, (_, k) => {
  const at = k / (N_SHADES - 1) * (palette.length - 1), left = Math.min(Math.floor(at), palette.length - 2);
  return palette[left].map((value, i) => Math.round(value + (at - left) * (palette[left + 1][i] - value)));
})]);
const OWN_SHADE = [128, 128, 136];  // a trait with itself
const penColour = ([red, green, blue]) => `rgb(${red},${green},${blue})`;
const pixelOf = ([red, green, blue]) => (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
const SHADES = Object.fromEntries(SHADE_PARTS.map(([name, parts]) => [name, parts.map(penColour)]));
const PIXELS = Object.fromEntries(SHADE_PARTS.map(([name, parts]) => [name, Uint32Array.from(parts, pixelOf)]));
const shadeNumber = rg => Math.round((Math.min(1, Math.max(-1, rg)) + 1) / 2 * (N_SHADES - 1));

const traitButton = (trait, options = {}) =>
  make("button", { type: "button", class: "link name", on: { click: () => showForest(trait) }, ...options }, traits[trait].label);

/* ---- Heatmap: a canvas as large as the window on it, whatever the number of traits ---- */
function layOutMap() {
  const view = find("view"), extent = find("extent");
  extent.style.width = `${state.columns.length * state.size}px`;
  extent.style.height = `${Math.max(state.rows.length * state.size, 1)}px`;
  view.style.height = `${Math.min(state.rows.length * state.size + 16, 0.7 * window.innerHeight)}px`;
  drawMap();
}

let asked = false;
function askToDraw() {
  if (!asked) requestAnimationFrame(() => { asked = false; drawMap(); });
  asked = true;
}

function drawMap() {
  const view = find("view"), canvas = find("cells"), size = state.size, dots = window.devicePixelRatio || 1;
  const width = Math.min(view.clientWidth, state.columns.length * size), height = Math.min(view.clientHeight, state.rows.length * size);
  canvas.width = Math.max(1, Math.round(width * dots));
  canvas.height = Math.max(1, Math.round(height * dots));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d"), ink = getComputedStyle(document.documentElement);
  const [soft, front, paper] = ["--soft", "--ink", "--paper"].map(name => ink.getPropertyValue(name));
  pen.setTransform(dots, 0, 0, dots, 0, 0);
  pen.fillStyle = paper;
  pen.fillRect(0, 0, width, height);
  const firstRow = Math.floor(view.scrollTop / size), firstColumn = Math.floor(view.scrollLeft / size);
  const lastRow = Math.min(state.rows.length, Math.ceil((view.scrollTop + height) / size));
  const lastColumn = Math.min(state.columns.length, Math.ceil((view.scrollLeft + width) / size));
  const seen = [firstRow, lastRow, firstColumn, lastColumn];
  const crosses = size >= GAPS_FROM ? drawCells(pen, view, ...seen, front) : drawPixels(pen, view, ...seen);
  for (const [x, y] of crosses) drawCross(pen, x, y, size, soft);
  if (state.row < state.rows.length && state.column < state.columns.length) {
    pen.strokeStyle = front;
    pen.lineWidth = 2;
    pen.strokeRect(state.column * size - view.scrollLeft, state.row * size - view.scrollTop, size, size);
  }
  placeLabels(find("row-labels"), state.rows, firstRow, lastRow, state.row, size, view.scrollTop, "top");
  placeLabels(find("column-labels"), state.columns, firstColumn, lastColumn, state.column, size, view.scrollLeft, "left");
}

/* Cells with a gap between them, one by one; returns the places of pairs without an estimate. */
function drawCells(pen, view, firstRow, lastRow, firstColumn, lastColumn, front) {
  const size = state.size, shades = SHADES[coloursNow()], columns = estimates[state.estimate], crosses = [];
  const { scrollLeft, scrollTop } = view;
  for (let i = firstRow; i < lastRow; i++)
    for (let j = firstColumn; j < lastColumn; j++) {
      const a = state.rows[i], b = state.columns[j], x = j * size - scrollLeft, y = i * size - scrollTop;
      const pair = a === b ? -1 : pairNumber(a, b);
      if (pair >= 0 && !passes(pair)) continue;
      const rg = pair < 0 ? 0 : columns.rg[pair];
      if (Number.isNaN(rg)) crosses.push([x, y]);
      else {
        pen.fillStyle = pair < 0 ? penColour(OWN_SHADE) : shades[shadeNumber(rg)];
        pen.fillRect(x, y, size - 1, size - 1);
      }
      if (pair >= 0 && !["ok", ""].includes(columns.status.at(pair))) drawCorner(pen, x, y, size - 1, front);
    }
  return crosses;
}

/* Small cells are the pixels of an image that is then enlarged: of hundreds of traits all are in sight, so that nothing
   here may make an object or a text per cell, nor ask the layout for the scroll position. */
function drawPixels(pen, view, firstRow, lastRow, firstColumn, lastColumn) {
  const size = state.size, nRows = lastRow - firstRow, nColumns = lastColumn - firstColumn, crosses = [];
  if (nRows < 1 || nColumns < 1) return crosses;
  const { scrollLeft, scrollTop } = view, image = new ImageData(nColumns, nRows);
  const pixels = new Uint32Array(image.data.buffer), shades = PIXELS[coloursNow()], own = pixelOf(OWN_SHADE);
  const { rg, rg_fdr: rates } = estimates[state.estimate], highest = state.fdr;
  for (let i = firstRow, place = 0; i < lastRow; i++)
    for (let j = firstColumn, a = state.rows[i]; j < lastColumn; j++, place++) {
      const b = state.columns[j];
      if (a === b) pixels[place] = own;
      else {
        const pair = pairNumber(a, b);
        if (highest !== null && !(rates[pair] < highest)) continue;
        if (Number.isNaN(rg[pair])) {
          if (size >= CROSSES_FROM) crosses.push([j * size - scrollLeft, i * size - scrollTop]);
        } else pixels[place] = shades[shadeNumber(rg[pair])];
      }
    }
  const small = make("canvas", { width: nColumns, height: nRows });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, firstColumn * size - scrollLeft, firstRow * size - scrollTop, nColumns * size, nRows * size);
  return crosses;
}

function drawCross(pen, x, y, size, colour) {
  if (size < CROSSES_FROM) return;
  const inset = size * 0.3;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x + inset, y + inset);
  pen.lineTo(x + size - inset, y + size - inset);
  pen.moveTo(x + size - inset, y + inset);
  pen.lineTo(x + inset, y + size - inset);
  pen.stroke();
}

function drawCorner(pen, x, y, side, colour) {
  const arm = side * 0.35;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x + side - arm, y);
  pen.lineTo(x + side, y);
  pen.lineTo(x + side, y + arm);
  pen.fill();
}

/* Labels in sight only; of cells that are too small for text, the one with the cursor. */
function placeLabels(strip, list, first, last, here, size, scrolled, edge) {
  const buttons = [];
  for (let i = first; i < last; i++) {
    if (size < LABELS_FROM && i !== here) continue;
    const button = traitButton(list[i], { class: i === here ? "here" : "", tabindex: "-1", title: traits[list[i]].label });
    const side = Math.max(size, LABELS_FROM);
    const place = i * size - scrolled + (size - side) / 2;
    button.style[edge] = `${size < LABELS_FROM ? Math.max(0, place) : place}px`;
    button.style[edge === "top" ? "height" : "width"] = `${side}px`;
    button.style.fontSize = `${Math.min(13, Math.max(8, side * 0.8))}px`;
    buttons.push(button);
  }
  strip.replaceChildren(...buttons);
}

function cellAt(event) {
  const view = find("view"), box = find("cells").getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top + view.scrollTop) / state.size);
  const column = Math.floor((event.clientX - box.left + view.scrollLeft) / state.size);
  return row >= 0 && row < state.rows.length && column >= 0 && column < state.columns.length ? [row, column] : null;
}

function cellText(row, column) {
  const a = state.rows[row], b = state.columns[column];
  if (a === b) return `${traits[a].label}: h2 ${withSe(fixed, traits[a].h2, traits[a].h2_se)}`;
  const pair = pairNumber(a, b);
  return `${traits[a].label} and ${traits[b].label}: ${state.estimate} rg ${withSe(fixed, chosen("rg", pair), chosen("rg_se", pair), "no SE")}`
    + `, FDR ${fdrText(chosen("rg_fdr", pair))}${passes(pair) ? "" : ", filtered out"}`;
}

function moveTo(row, column) {
  if (!state.rows.length || !state.columns.length) return;
  state.row = Math.min(Math.max(row, 0), state.rows.length - 1);
  state.column = Math.min(Math.max(column, 0), state.columns.length - 1);
  const view = find("view"), size = state.size, x = state.column * size, y = state.row * size;
  view.scrollTop = Math.min(y, Math.max(view.scrollTop, y + size - view.clientHeight));
  view.scrollLeft = Math.min(x, Math.max(view.scrollLeft, x + size - view.clientWidth));
  find("said").textContent = find("readout").textContent = cellText(state.row, state.column);
  drawMap();
}

function openCell() {
  const a = state.rows[state.row], b = state.columns[state.column];
  if (a === undefined || b === undefined) return;
  if (a === b) showForest(a);
  else showPair(a, b);
}

function onKey(event) {
  const page = Math.max(1, Math.floor(find("view").clientHeight / state.size) - 1);
  const steps = {
    ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-page, 0], PageDown: [page, 0],
    Home: [event.ctrlKey ? -nTraits : 0, -nTraits], End: [event.ctrlKey ? nTraits : 0, nTraits],
  };
  const actions = {
    Enter: openCell, " ": openCell, r: () => state.rows.length && showForest(state.rows[state.row]),
    c: () => state.columns.length && showForest(state.columns[state.column]),
  };
  const step = steps[event.key], action = event.ctrlKey || event.metaKey || event.altKey ? null : actions[event.key];
  if (!step && !action) return;
  event.preventDefault();
  if (step) moveTo(state.row + step[0], state.column + step[1]);
  else action();
}

/* ---- A pair ---- */
const plain = value => significant(value);
const estimateText = (value, se) => withSe(plain, value, se, "no SE");

/* What the panel says of a pair: name, then how to read it from one estimate's columns; null where it has no such number. */
const PAIR_LINES = [
  ["rg", "rg", columns => pair => plain(columns.rg[pair])],
  ["SE", "se", columns => pair => plain(columns.rg_se[pair])],
  ["95% interval", "interval", (columns, which) => pair => intervalText(which, pair)],
  ["z", "z", columns => pair => plain(columns.rg_z[pair])],
  ["p", "p", columns => pair => pText(columns.rg_log10_p[pair])],
  ["FDR", "fdr", columns => pair => fdrText(columns.rg_fdr[pair])],
  ["genetic covariance (SE)", "gcov", columns => pair => estimateText(columns.gcov[pair], columns.gcov_se[pair])],
  ["its p", "gcov-p", columns => columns.gcov_log10_p && (pair => pText(columns.gcov_log10_p[pair]))],
  ["moved, in SE of it", "moved", columns => columns.moved_se && (pair => plain(columns.moved_se[pair]))],
  ["cross-trait intercept (SE)", "intercept",
    columns => columns.gcov_int && (pair => withSe(plain, columns.gcov_int[pair], columns.gcov_int_se[pair]))],
  ["SNPs", "n_snps", columns => columns.n_snps && (pair => counted(columns.n_snps[pair]))],
  ["h2 of first (SE)", "h2_1", columns => columns.h2_1 && (pair => estimateText(columns.h2_1[pair], columns.h2_1_se[pair]))],
  ["h2 of second (SE)", "h2_2", columns => columns.h2_2 && (pair => estimateText(columns.h2_2[pair], columns.h2_2_se[pair]))],
  ["status", "status", columns => pair => columns.status.at(pair) || "not fitted"],
  ["why", "why", columns => pair => columns.why.at(pair) || "nothing to say"],
];

function showPair(a, b) {
  [a, b] = [Math.min(a, b), Math.max(a, b)];  // as in the table of pairs, whose h2_1 is the first trait's
  state.pair = [a, b];
  const pair = pairNumber(a, b), shown = Object.entries(estimates);
  const head = make("tr", {}, make("td"), ...shown.map(([which]) => make("th", { scope: "col" }, which)));
  const rows = PAIR_LINES.map(([name, field, reader]) => make("tr", {}, make("th", { scope: "row", class: "text" }, name),
    ...shown.map(([which, columns]) => {
      const read = reader(columns, which), text = read ? read(pair) : "";
      const kind = field === "why" ? "text name" : field === "status" ? text : "";
      return make("td", { class: kind, "data-field": `${which}-${field}` }, text);
    })));
  const big = `${state.estimate} rg ${withSe(fixed, chosen("rg", pair), chosen("rg_se", pair), "no SE")}`;
  find("pair-body").replaceChildren(
    make("h3", {}, traitButton(a), " and ", traitButton(b)), make("p", { class: "chosen-estimate", id: "chosen-rg" }, big),
    make("table", { id: "pair-table" }, make("thead", {}, head), make("tbody", {}, ...rows)));
}

/* ---- A trait ---- */
function showForest(trait) {
  state.trait = trait;
  const one = traits[trait], partners = partnersOf(trait);
  const facts = [
    `h2 ${estimateText(one.h2, one.h2_se)}`, `intercept ${withSe(plain, one.h2_int, one.h2_int_se)}`, `N ${counted(one.n_mean)}`,
    `${counted(one.n_snps)} SNPs`, `mean chi2 ${fixed(one.mean_chi2)}`,
  ];
  if (known(one.h2_liab)) facts.push(`liability h2 ${estimateText(one.h2_liab, one.h2_liab_se)}`);
  if (one.label !== one.name) facts.unshift(one.name);
  if (one.group) facts.push(`group ${one.group}`);
  const choice = make("select", { id: "forest-order", on: { change: event => { state.forestOrder = event.target.value; showForest(trait); } } },
    ...[["rg", "rg"], ["z", "|z|"], ["name", "name"]].map(([value, text]) => make("option", { value }, text)));
  choice.value = state.forestOrder;
  const scale = forestScale(partners);
  const rows = partners.map(([other, pair]) => make("tr", {},
    make("td", { class: "text" }, make("button", { type: "button", class: "link name", on: { click: () => showPair(trait, other) } }, traits[other].label)),
    make("td", { class: "plot" }, forestRow(pair, scale)),
    make("td", { class: "interval-text" }, `${fixed(chosen("rg", pair), 2)} [${intervalOf(state.estimate, pair).map(end => fixed(end, 2)).join(", ")}]`)));
  const head = ["with", null, "rg [95% interval]"].map((text, i) => make("th", { scope: "col", class: i ? "" : "text" }, text ?? forestAxis(scale)));
  find("forest-title").textContent = "Forest plot";
  find("forest-body").replaceChildren(
    make("h3", { class: "name", id: "forest-trait" }, one.label), make("p", { class: "note name" }, facts.join(" · ")),
    make("p", { class: `name ${one.status}` }, one.why ? `${one.status}: ${one.why}` : one.status),
    make("p", {}, make("label", {}, "Sorted by ", choice), ` ${state.estimate} rg with ${partners.length} of ${nTraits - 1} traits`,
      state.fdr === null ? "; filled: FDR below 5%" : "; those that pass the filter"),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "forest-trait" },
      make("table", { id: "forest-table" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows))));
}

/* From -1 to 1 and further for estimates outside, at most to ±2; a longer interval is cut. */
function forestScale(partners) {
  let reach = 1;
  for (const [, pair] of partners) reach = Math.max(reach, Math.min(2, Math.abs(chosen("rg", pair)) + 0.05));
  return value => 100 * (Math.min(reach, Math.max(-reach, value)) + reach) / (2 * reach);
}

function forestRow(pair, scale) {
  const [low, high] = intervalOf(state.estimate, pair), drawing = makeSvg("svg", { "aria-hidden": "true" });
  const upright = (value, kind) => makeSvg("line", { class: kind, x1: `${scale(value)}%`, x2: `${scale(value)}%`, y1: 0, y2: 18 });
  drawing.append(upright(-1, "bound"), upright(0, "zero"), upright(1, "bound"));
  if (known(low) && known(high)) drawing.append(makeSvg("line", { class: "interval", x1: `${scale(low)}%`, x2: `${scale(high)}%`, y1: 9, y2: 9 }));
  const open = !(chosen("rg_fdr", pair) < (state.fdr ?? 0.05));
  drawing.append(makeSvg("circle", { class: open ? "point open" : "point", cx: `${scale(chosen("rg", pair))}%`, cy: 9, r: 4 }));
  return drawing;
}

function forestAxis(scale) {
  const drawing = makeSvg("svg", { role: "img", "aria-label": "axis of genetic correlations" });
  for (const value of [-0.5, 0, 0.5]) drawing.append(makeSvg("text", { x: `${scale(value)}%`, y: 13 }, String(value).replace("-", "\u2212")));
  return drawing;
}
