// The view of all customers: search, chips, order, the table and what is done with selected customers.

import { openList } from "../data/lists.js";
import { callButton, failed } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { count, counted } from "../shared/format.js";
import { Bulk } from "./bulk.js";
import { SORTS, columns, valueTitle } from "./columns.js";
import { Filters } from "./filters.js";
import { Rows } from "./rows.js";

/** The table of customers. `open(id)` shows one of them, and `actions` are buttons of the toolbar. */
export class CustomersView {
  constructor({ open, actions }) {
    this.filters = new Filters(() => this.reload());
    this.bulk = new Bulk(this);
    this.rows = new Rows({
      columns: columns(() => this.filters.query.sort),
      label: "Customers",
      onOpen: (row) => open(row.id),
      onSelect: (row, only) => this.bulk.toggle(row, only),
      isSelected: (id) => this.bulk.selected.has(id),
    });
    this.total = h("p", { class: "total muted", role: "status", "aria-live": "polite" });
    this.note = h("p", { class: "muted small note" });
    this.head = h("div", { class: "row-head" });
    this.empty = h("div", { class: "empty", hidden: true });
    this.element = h("section", { class: "customers", "aria-labelledby": "customers-title" },
      h("h1", { id: "customers-title", class: "hidden-label" }, "Customers"),
      h("div", { class: "toolbar" }, this.filters.search, this.total, this.filters.order,
        callButton(() => this.list?.calls ?? []), h("div", { class: "actions" }, actions)),
      this.filters.chips, this.bulk.element, this.note, this.head,
      h("div", { class: "table" }, this.rows.scroller, this.empty));
    this.tagsLoaded = false;
  }

  /** Shows the view. */
  enter() {
    if (!this.tagsLoaded) this.filters.loadTags();
    this.tagsLoaded = true;
    if (!this.list) this.reload();
    else this.rows.schedule();
  }

  /** Reads the list of the current query from its start. */
  async reload() {
    const list = openList(this.filters.query);
    this.list = list;
    this.rows.show(list);
    const schedule = list.changed;
    list.changed = () => {
      schedule();
      if (this.list === list) this.describe();
    };
    list.failed = (error) => this.broken(error);
    this.headings();
    this.describe();
    try {
      await list.open();
    } catch (error) {
      if (error.name !== "AbortError") this.broken(error);
    }
  }

  /** Shows changed customers, and those that have left the list, without losing the place. */
  replace(row) {
    this.list?.replace(row);
    if (this.bulk.selected.has(row.id)) this.bulk.selected.set(row.id, row);
  }

  broken(error) {
    if (this.list?.length > 1) failed(error);
    else {
      fill(this.empty, h("p", { class: "error" }, error.message),
        h("button", { type: "button", on: { click: () => this.reload() } }, "Try again"));
      this.empty.hidden = false;
    }
  }

  headings() {
    const { sort, direction } = this.filters.query;
    const all = h("input", { type: "checkbox", "aria-label": "Select all customers of the list",
      on: { change: () => this.bulk.all(all.checked) } });
    this.bulk.box = all;
    fill(this.head, columns(() => sort).map((column) => {
      if (column.name === "select") return h("div", { class: "cell select" }, all);
      if (column.name === "value") return this.heading("value", valueTitle(sort), valueSort(sort));
      return this.heading(column.name, column.title, column.sort);
    }));
    this.head.dataset.direction = direction;
  }

  heading(name, title, order) {
    if (!order) return h("div", { class: `cell ${name}` }, title);
    const { sort, direction } = this.filters.query;
    const arrow = sort === order ? (direction === "asc" ? " ↑" : " ↓") : "";
    const click = () => (sort === order
      ? this.filters.set({ direction: direction === "asc" ? "desc" : "asc" }) : this.filters.sortBy(order));
    return h("div", { class: `cell ${name}` },
      h("button", { type: "button", class: "quiet", disabled: this.filters.isNumbered, title: `Sort by ${title.toLowerCase()}`, on: { click } }, title + arrow));
  }

  describe() {
    const { list } = this;
    const loaded = list.rows?.length;
    const isEmpty = list.isKnown || list.more === false ? list.length === 0 : false;
    let words = "Loading";
    if (loaded === undefined) words = list.isKnown ? counted(list.length, "customer") : words;
    else if (list.found) words = `${list.found.isLeast ? "At least " : ""}${counted(list.found.total, "customer")}`;
    else if (loaded || !list.more) words = list.more ? `${count(loaded)} loaded` : counted(loaded, "customer");
    if (this.total.textContent !== words) this.total.textContent = words;
    this.note.textContent = list.note ?? "";
    this.empty.hidden = !isEmpty;
    if (isEmpty) {
      fill(this.empty, h("p", {}, this.filters.isEmpty ? "There are no customers yet."
        : "No customer matches. Try fewer words or chips."),
      this.filters.isEmpty ? "" : h("button", { type: "button", on: { click: () => this.filters.clear() } }, "Clear filters"));
    }
  }

  /** The commands of this view for the palette. */
  commands() {
    const { filters } = this;
    const sorts = SORTS.map(({ name, title }) => ({ title: `Sort by ${title.toLowerCase()}`, run: () => filters.sortBy(name) }));
    const status = [["ACTIVE", "active"], ["INACTIVE", "inactive"], ["LEAD", "lead"]]
      .map(([value, text]) => ({ title: `Show ${text} customers`, run: () => filters.set({ status: value }) }));
    const types = ["Residential", "Commercial"]
      .map((value) => ({ title: `Show ${value.toLowerCase()} customers`, run: () => filters.set({ type: value }) }));
    return [...status, ...types, { title: "Show VIPs", run: () => filters.set({ vip: true }) },
      { title: "Clear filters", run: () => filters.clear() },
      ...sorts];
  }
}

const valueSort = (sort) => ({ created_at: "created_at", expenses: "expenses", orders_count: "orders_count" })[sort] ?? "updated_at";
