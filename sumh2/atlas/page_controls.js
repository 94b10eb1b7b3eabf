/* Table of pairs, controls, and the first drawing. */
const TABLE_COLUMNS = [
  ["trait1", "trait 1"], ["trait2", "trait 2"], ["rg", "rg"], ["rg_se", "SE"], ["rg_z", "z"], ["rg_log10_p", "p"],
  ["rg_fdr", "FDR"], ["gcov", "gcov"], ["gcov_int", "intercept"], ["n_snps", "SNPs"], ["status", "status"],
];

function showTable() {
  const texts = ["trait1", "trait2", "status"];
  const head = TABLE_COLUMNS.map(([name, text]) => make("th", {
    scope: "col", class: texts.includes(name) ? "text" : "",
    ...(state.sort === name ? { "aria-sort": state.falling ? "descending" : "ascending" } : {}),
  }, make("button", { type: "button", "data-sort": name, on: { click: () => sortBy(name) } },
    text + (state.sort === name ? (state.falling ? " \u25be" : " \u25b4") : ""))));
  const columns = estimates[state.estimate], raw = estimates.raw;
  const rows = state.listed.slice(state.start, state.start + ROWS_A_PAGE).map(([pair, a, b]) => {
    const shown = [fixed(columns.rg[pair]), fixed(columns.rg_se[pair]), fixed(columns.rg_z[pair], 2), pText(columns.rg_log10_p[pair]),
      fdrText(columns.rg_fdr[pair]), significant(columns.gcov[pair]), fixed(raw.gcov_int[pair]), counted(raw.n_snps[pair])];
    const status = make("button", { type: "button", class: "link", "aria-label": `numbers of ${traits[a].label} and ${traits[b].label}`,
      on: { click: () => showPair(a, b) } }, columns.status.at(pair) || "not fitted");
    return make("tr", {}, make("td", { class: "text" }, traitButton(a)), make("td", { class: "text" }, traitButton(b)),
      ...shown.map(text => make("td", {}, text)), make("td", { class: "text" }, status));
  });
  find("table").tHead.replaceChildren(make("tr", {}, ...head));
  find("table").tBodies[0].replaceChildren(...rows);
  const last = Math.min(state.start + ROWS_A_PAGE, state.listed.length);
  find("count").textContent = state.listed.length
    ? `${counted(state.start + 1)} to ${counted(last)} of ${counted(state.listed.length)} pairs shown` : "no pair passes the filters";
  find("before").disabled = state.start === 0;
  find("after").disabled = last >= state.listed.length;
}

function sortBy(name) {
  state.falling = state.sort === name ? !state.falling : !["trait1", "trait2", "status", "rg_log10_p", "rg_fdr", "rg_se"].includes(name);
  state.sort = name;
  state.start = 0;
  choosePairs();
  showTable();
  find("table").querySelector(`[data-sort="${name}"]`).focus();
}

function turnPage(step) {
  state.start = Math.max(0, state.start + step * ROWS_A_PAGE);
  showTable();
}

function refresh() {
  chooseTraits();
  choosePairs();
  state.start = 0;
  state.row = Math.min(state.row, Math.max(0, state.rows.length - 1));
  state.column = Math.min(state.column, Math.max(0, state.columns.length - 1));
  find("readout").textContent = state.rows.length ? `${state.rows.length} of ${nTraits} traits in rows` : "no trait matches the search";
  layOutMap();
  showTable();
  if (state.pair) showPair(...state.pair);
  if (state.trait !== null) showForest(state.trait);
}

function applyColours() {
  document.documentElement.setAttribute("data-colours", coloursNow());
  find("theme").textContent = `Colours: ${theme}`;
  find("theme").setAttribute("aria-label", `Colours: ${theme}. Change`);
  const scale = find("scale"), pen = scale.getContext("2d");
  for (let x = 0; x < scale.width; x++) {
    pen.fillStyle = SHADES[coloursNow()][shadeNumber(2 * x / (scale.width - 1) - 1)];
    pen.fillRect(x, 0, 1, scale.height);
  }
}

function download() {
  const link = make("a", { download: `${state.estimate === "raw" ? "pairs" : "pairs.consistent"}.tsv` });
  link.href = URL.createObjectURL(new Blob([tableText()], { type: "text/tab-separated-values;charset=utf-8" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function describeFit() {
  const facts = content.facts, fit = content.consistent && content.consistent.facts;
  find("facts").textContent = [`${nTraits} traits`, `${counted(nTraits * (nTraits - 1) / 2)} pairs`, `${facts.n_blocks} jackknife blocks`,
    `${facts.weights} weights`, `M ${counted(facts.m)}`, facts.program].filter(Boolean).join(" \u00b7 ");
  const line = find("consistency"), choice = find("consistent");
  line.hidden = false;
  if (!fit) {
    choice.disabled = true;
    line.textContent = "No consistent fit: run sumh2 consistent ATLAS --out ATLAS/consistent and make the page again.";
    return;
  }
  const model = known(fit.n_factors) ? `${fit.n_factors} factors${fit.unique ? " and unique variances" : ""}` : "nearest covariance";
  const test = known(fit.p) && fit.n_draws ? `; test of consistency: p ${pText(Math.log10(fit.p))} (${fit.n_draws} draws)` : "";
  const side = (values, word) => `${word} ${values.n_negative} negative, smallest ${Math.abs(values.smallest) < 1e-8 ? "0" : significant(values.smallest)}`;
  line.textContent = `Consistent fit (${model}): eigenvalues of rg ${side(fit.eigenvalues_before, "before")}; ${side(fit.eigenvalues_after, "after")}${test}`;
}

function start() {
  const view = find("view"), canvas = find("cells");
  state.size = Math.max(2, Math.min(28, Math.floor(Math.min(view.clientWidth, 0.7 * window.innerHeight) / Math.max(1, nTraits))));
  find("size").value = state.size;
  find("controls").addEventListener("submit", event => event.preventDefault());
  find("search").addEventListener("input", event => { state.search = event.target.value; refresh(); });
  find("both").addEventListener("change", event => { state.both = event.target.checked; refresh(); });
  for (const which of ["raw", "consistent"]) find(which).addEventListener("change", () => { state.estimate = which; refresh(); });
  find("fdr").addEventListener("change", event => { state.fdr = event.target.value ? Number(event.target.value) : null; refresh(); });
  find("order").addEventListener("change", event => { state.order = event.target.value; refresh(); });
  find("size").addEventListener("input", event => { state.size = Number(event.target.value); layOutMap(); });
  find("download").addEventListener("click", download);
  find("before").addEventListener("click", () => turnPage(-1));
  find("after").addEventListener("click", () => turnPage(1));
  find("theme").addEventListener("click", () => { theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]; applyColours(); drawMap(); });
  dark.addEventListener("change", () => { applyColours(); drawMap(); });
  view.addEventListener("scroll", askToDraw);
  view.addEventListener("keydown", onKey);
  view.addEventListener("focus", () => moveTo(state.row, state.column));
  window.addEventListener("resize", layOutMap);
  canvas.addEventListener("mousemove", event => { const cell = cellAt(event); if (cell) find("readout").textContent = cellText(...cell); });
  canvas.addEventListener("click", event => { const cell = cellAt(event); if (cell) { moveTo(...cell); openCell(); } });
  describeFit();
  applyColours();
  refresh();
}

start();
