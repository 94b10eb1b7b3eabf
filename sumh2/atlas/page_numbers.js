"use strict";
/* Numbers of the page: decoding, choosing, ordering, formatting, the table as text.  No markup is made here. */
const content = JSON.parse(document.getElementById("content").textContent);
const traits = content.traits;
const nTraits = traits.length;
const KINDS = { f4: Float32Array, f8: Float64Array, i4: Int32Array };
const Z95 = 1.959963984540054;

/* Arrays are little-endian, as every platform with a browser is. */
function decodeNumbers(packed) {
  const text = atob(packed.base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[packed.kind](bytes.buffer);
}

function decodeColumns(packed) {
  const columns = {};
  for (const [name, column] of Object.entries(packed)) {
    if (column.base64 !== undefined) columns[name] = decodeNumbers(column);
    else if (column.texts) {
      const places = decodeNumbers(column.places);
      columns[name] = { at: pair => column.texts[places[pair]] ?? "" };
    }
  }
  return columns;
}

const estimates = { raw: decodeColumns(content.raw) };
if (content.consistent) estimates.consistent = decodeColumns(content.consistent);

const state = {
  estimate: "raw", fdr: null, order: "clustered", search: "", both: false, size: 12,
  rows: [], columns: [], row: 0, column: 0, pair: null, trait: null, forestOrder: "rg", sort: "rg_log10_p", falling: false,
  start: 0, listed: [],
};

/* Number of the pair of two different traits in the order of pairs.tsv: (0,1) (0,2) ... */
function pairNumber(a, b) {
  const low = Math.min(a, b), high = Math.max(a, b);
  return low * nTraits - low * (low + 1) / 2 + (high - low - 1);
}

function chosen(name, pair) { return estimates[state.estimate][name][pair]; }

function passes(pair) {
  return state.fdr === null || chosen("rg_fdr", pair) < state.fdr;  // false for a missing one
}

/* 95% interval: that of the consistent fit ends at ±1, the raw one does not. */
function intervalOf(which, pair) {
  const columns = estimates[which];
  if (which === "consistent") return [columns.rg_lower[pair], columns.rg_upper[pair]];
  return [columns.rg[pair] - Z95 * columns.rg_se[pair], columns.rg[pair] + Z95 * columns.rg_se[pair]];
}

/* Traits: a comma separates alternatives, of which all words must be in name, label or group. */
function matchesSearch(trait) {
  const alternatives = state.search.toLowerCase().split(",").map(part => part.split(/\s+/).filter(Boolean));
  const wanted = alternatives.filter(words => words.length);
  const text = `${trait.name}\n${trait.label}\n${trait.group}`.toLowerCase();
  return !wanted.length || wanted.some(words => words.every(word => text.includes(word)));
}

const compareText = (a, b) => a < b ? -1 : a > b ? 1 : 0;
const RANKS = new Map(content.clustered.map((trait, rank) => [trait, rank]));
const ORDERS = {
  clustered: (a, b) => RANKS.get(a) - RANKS.get(b),
  listed: (a, b) => a - b,
  group: (a, b) => compareText(traits[a].group, traits[b].group) || RANKS.get(a) - RANKS.get(b),
  name: (a, b) => compareText(traits[a].label.toLowerCase(), traits[b].label.toLowerCase()) || a - b,
  h2: (a, b) => (traits[b].h2 ?? -Infinity) - (traits[a].h2 ?? -Infinity) || a - b,
};

function chooseTraits() {
  const ordered = traits.map((_, number) => number).sort(ORDERS[state.order]);
  state.rows = ordered.filter(number => matchesSearch(traits[number]));
  state.columns = state.both ? state.rows : ordered;
}

/* Pairs that the map shows, each once, in the order of the table; missing values last. */
function choosePairs() {
  const inRows = new Uint8Array(nTraits), inColumns = new Uint8Array(nTraits), pairs = [];
  for (const trait of state.rows) inRows[trait] = 1;
  for (const trait of state.columns) inColumns[trait] = 1;
  let pair = 0;
  for (let a = 0; a < nTraits; a++)
    for (let b = a + 1; b < nTraits; b++, pair++)
      if (((inRows[a] && inColumns[b]) || (inRows[b] && inColumns[a])) && passes(pair)) pairs.push([pair, a, b]);
  const sign = state.falling ? -1 : 1;
  if (state.sort === "trait1" || state.sort === "trait2") {
    const end = state.sort === "trait1" ? 1 : 2;
    pairs.sort((x, y) => sign * compareText(traits[x[end]].label, traits[y[end]].label) || x[0] - y[0]);
  } else if (state.sort === "status") {
    const column = estimates[state.estimate].status;
    pairs.sort((x, y) => sign * compareText(column.at(x[0]), column.at(y[0])) || x[0] - y[0]);
  } else {
    const column = estimates[state.estimate][state.sort] ?? estimates.raw[state.sort];
    pairs.sort((x, y) => {
      const one = column[x[0]], other = column[y[0]];
      const missing = Number.isNaN(one) - Number.isNaN(other);
      return missing || sign * (one - other) || x[0] - y[0];
    });
  }
  state.listed = pairs;
}

/* Partners of a trait with an estimate, by the forest plot's order. */
function partnersOf(trait) {
  const partners = [];
  for (let other = 0; other < nTraits; other++) {
    const pair = other === trait ? -1 : pairNumber(trait, other);
    if (pair >= 0 && Number.isFinite(chosen("rg", pair)) && passes(pair)) partners.push([other, pair]);
  }
  const keys = {
    rg: ([, pair]) => -chosen("rg", pair),
    z: ([, pair]) => -Math.abs(chosen("rg_z", pair)) || 0,
  };
  return partners.sort(state.forestOrder === "name"
    ? (x, y) => compareText(traits[x[0]].label, traits[y[0]].label)
    : (x, y) => keys[state.forestOrder](x) - keys[state.forestOrder](y) || x[0] - y[0]);
}

/* ---- Text of numbers ---- */
const known = value => value !== null && value !== undefined && Number.isFinite(value);
const fixed = (value, digits = 3) => known(value) ? value.toFixed(digits) : "NA";
const significant = (value, digits = 4) => known(value) ? String(Number(value.toPrecision(digits))) : "NA";
const withSe = (text, value, se, without = "fixed") => !known(value) ? "NA" : `${text(value)} (${known(se) ? text(se) : without})`;
const counted = value => known(value) && value >= 0 ? Math.round(value).toLocaleString("en-US") : "NA";

/* A p-value from its logarithm, also where a double underflows. */
function pText(log10p) {
  if (!known(log10p)) return "NA";
  if (log10p > -3) return String(Number((10 ** log10p).toPrecision(3)));
  let whole = Math.floor(log10p), digits = (10 ** (log10p - whole)).toFixed(2);
  if (digits === "10.00") { digits = "1.00"; whole += 1; }
  return `${digits}e${whole}`;
}

function intervalText(which, pair) {
  const [low, high] = intervalOf(which, pair);
  return known(low) && known(high) ? `${fixed(low)} to ${fixed(high)}` : "NA";
}

function fdrText(value) {
  return !known(value) ? "NA" : value === 0 ? "<1e-300" : pText(Math.log10(value));
}

/* ---- The table as text: the pairs listed, all columns, 7 digits ---- */
function tableText() {
  const columns = [];
  for (const [which, prefix] of [["raw", ""], ["consistent", "consistent_"]])
    for (const [name, column] of Object.entries(estimates[which] ?? {}))
      columns.push([prefix + name, !ArrayBuffer.isView(column) ? pair => column.at(pair) : column instanceof Int32Array
        ? pair => column[pair] < 0 ? "NA" : String(column[pair]) : pair => significant(column[pair], 7)]);
  const clean = text => text.replace(/[\t\r\n]+/g, " ");
  const lines = [["trait1", "trait2", ...columns.map(([name]) => name)].join("\t")];
  for (const [pair, a, b] of state.listed)
    lines.push([traits[a].name, traits[b].name, ...columns.map(([, text]) => text(pair))].map(clean).join("\t"));
  return lines.join("\n") + "\n";
}
