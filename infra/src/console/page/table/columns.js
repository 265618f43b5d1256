// The columns of the table, and the orders in which it can be read.

import { h } from "../shared/dom.js";
import { STATUS_TEXT, count, date, money, nameOf } from "../shared/format.js";
import { elements, text } from "./rows.js";

/** Orders by their name in the funnels API. `number` is the order of the pool API. */
export const SORTS = [
  { name: "number", title: "Number" },
  { name: "created_at", title: "Created" },
  { name: "updated_at", title: "Changed" },
  { name: "full_name", title: "Name" },
  { name: "first_name", title: "First name" },
  { name: "last_name", title: "Last name" },
  { name: "email", title: "Email" },
  { name: "expenses", title: "Revenue" },
  { name: "orders_count", title: "Orders" },
];

/** Returns the columns. `sort` returns the current order, whose value the last column shows. */
export function columns(sort) {
  return [
    { name: "select", title: "", show: (cell, row, selected) => checkbox(cell, row, selected) },
    { name: "name", title: "Name", sort: "full_name", show: (cell, row) => name(cell, row) },
    { name: "email", title: "Email", sort: "email", show: (cell, row) => text(cell, row.email ?? "") },
    { name: "phone", title: "Phone", show: (cell, row) => text(cell, row.phone ?? row.mobilePhone ?? "") },
    { name: "city", title: "City", show: (cell, row) => text(cell, [row.city, row.state].filter(Boolean).join(", ")) },
    { name: "status", title: "Status", show: (cell, row) => status(cell, row) },
    { name: "tags", title: "Tags", show: (cell, row) => elements(cell, row.tags.map(tagChip)) },
    { name: "value", title: "", show: (cell, row) => text(cell, value(row, sort())) },
    { name: "number", title: "Number", sort: "number", show: (cell, row) => text(cell, row.id) },
  ];
}

/** Returns the title of the last column but one. */
export function valueTitle(sort) {
  return { created_at: "Created", expenses: "Revenue", orders_count: "Orders" }[sort] ?? "Changed";
}

function value(row, sort) {
  if (sort === "expenses") return money(row.expenses);
  if (sort === "orders_count") return count(row.orders ?? 0);
  return date(sort === "created_at" ? row.createdAt : row.updatedAt);
}

function checkbox(cell, row, selected) {
  if (cell.box) {
    cell.box.checked = selected;
    cell.box.setAttribute("aria-label", `Select ${nameOf(row)}`);
    if (cell.box.parentNode === cell) return;
  }
  cell.box = h("input", { type: "checkbox", tabindex: "-1", checked: selected, "aria-label": `Select ${nameOf(row)}` });
  cell.replaceChildren(cell.box);
}

function name(cell, row) {
  const shown = nameOf(row);
  const company = row.companyName && row.companyName !== shown ? row.companyName : "";
  elements(cell, h("span", { class: "person" }, shown),
    row.vip ? h("span", { class: "vip" }, "VIP") : "",
    company ? h("span", { class: "muted company" }, company) : "",
    h("span", { class: "muted under" }, row.email ?? row.phone ?? row.city ?? row.id));
}

function status(cell, row) {
  elements(cell, h("span", { class: `state ${row.status.toLowerCase()}` }, STATUS_TEXT[row.status]));
}

/** Returns a tag with its colour. */
export function tagChip(tag) {
  const dot = h("span", { class: "dot" });
  dot.style.background = tag.color;
  return h("span", { class: "tag" }, dot, tag.name);
}
