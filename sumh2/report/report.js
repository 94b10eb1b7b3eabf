"use strict";
// Sorting by a click on a heading; everything else works without a script.

function valueOf(row, place) {
  const cell = row.cells[place];
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

function compareCells(place, sign, numeric) {
  return (one, other) => {
    if (!numeric) {
      return sign * one.cells[place].textContent.trim().localeCompare(other.cells[place].textContent.trim(), undefined, { numeric: true });
    }
    const first = valueOf(one, place);
    const second = valueOf(other, place);
    // What is missing stays below, whichever way it is sorted.
    if (first === null || second === null) {
      return (first === null) - (second === null);
    }
    return sign * (first - second);
  };
}

function sortTable(table, heading, place) {
  const falling = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) {
    other.removeAttribute("aria-sort");
  }
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const numeric = rows.some((row) => valueOf(row, place) !== null);
  body.append(...rows.sort(compareCells(place, falling ? -1 : 1, numeric)));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortTable(table, heading, place));
  });
}

// On paper everything is open.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) {
    details.open = true;
  }
});
