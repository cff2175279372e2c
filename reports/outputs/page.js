"use strict";
/* Tables that sort by a click on a header, and filter by words and by variant. Without this
   script the page reads the same, unsorted. */

const tables = [...document.querySelectorAll("table")];
const [filters, words, variant, count] =
  ["filters", "words", "variant", "count"].map((id) => document.getElementById(id));
const all = (within, selector) => [...within.querySelectorAll(selector)];

/* A cell's number, or its text; cells without either are last in both directions. */
function key(row, column) {
  const cell = row.cells[column];
  const number = cell.dataset.value;
  if (number !== undefined) return Number(number);
  const text = (cell.firstElementChild?.matches(".name") ? cell.firstElementChild : cell)
    .textContent.trim();
  return text === "-" ? "" : text;
}

function compare(a, b) {
  if (typeof a === typeof b) {
    return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  }
  return typeof a === "number" ? -1 : 1;
}

/* Rows in the order of the keys; the direction turns numbers and texts, never the empty ones. */
function ordered(rows, column, direction) {
  const keyed = rows.map((row) => [key(row, column), row]);
  const numeric = keyed.some(([value]) => typeof value === "number");
  const empty = (value) => value === "" || (numeric && typeof value !== "number");
  keyed.sort(([a], [b]) => empty(a) - empty(b) || (empty(a) ? 0 : direction * compare(a, b)));
  return keyed.map(([, row]) => row);
}

/* Ascending, descending, then as the report has it. */
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

function sort(table, header, original) {
  const next = NEXT[header.getAttribute("aria-sort")];
  all(table, "thead th").forEach((each) => each.setAttribute("aria-sort", "none"));
  header.setAttribute("aria-sort", next);
  table.classList.toggle("sorted", next !== "none");
  const rows = original.filter((row) => !row.matches(".group"));
  const direction = next === "ascending" ? 1 : -1;
  table.tBodies[0].append(
    ...(next === "none" ? original : ordered(rows, header.cellIndex, direction)));
}

function sortable(table) {
  const original = all(table, "tbody tr");
  for (const header of all(table, "thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(table, header, original));
    header.append(button);
    header.setAttribute("aria-sort", "none");
  }
}

function matches(row, wanted) {
  const text = row.textContent.toLowerCase();
  const named = row.dataset.variant === undefined || variant.value === "" ||
    row.dataset.variant === variant.value;
  return named && wanted.every((word) => text.includes(word));
}

/* A group's heading stays where one of its rows does. */
function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = all(document, "tbody tr:not(.group)");
  for (const row of rows) row.hidden = !matches(row, wanted);
  for (const group of all(document, "tr.group")) {
    group.hidden = !all(document, `tr[data-group="${group.id}"]`).some((row) => !row.hidden);
  }
  count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
}

/* Where a table is wider than the page, what is set smaller stands below its number. */
function fit() {
  for (const table of tables) {
    table.classList.remove("tight");
    const around = table.parentElement;
    table.classList.toggle("tight", around.scrollWidth > around.clientWidth);
  }
}

tables.forEach(sortable);
words.addEventListener("input", filter);
variant.addEventListener("input", filter);
filters.hidden = tables.length === 0;
filter();
fit();
addEventListener("resize", fit);
