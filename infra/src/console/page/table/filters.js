// The search, the chips and the order above the table.

import { tags } from "../data/customers.js";
import { failed } from "../shared/dialog.js";
import { debounced, fill, h } from "../shared/dom.js";
import { STATUS_TEXT } from "../shared/format.js";
import { SORTS } from "./columns.js";

const SEARCH_PAUSE = 120;

const BY_NUMBER = { sort: "number", direction: "desc" };

/** The query of the table, and the controls that change it. `changed` is called after each change. */
export class Filters {
  constructor(changed) {
    this.changed = changed;
    this.query = { search: "", status: "", type: "", vip: false, tag: null, ...BY_NUMBER };
    this.knownTags = [];
    this.search = h("input", { type: "search", id: "search", placeholder: "Search customers", autocomplete: "off",
      "aria-label": "Search customers", "aria-keyshortcuts": "/" });
    const typed = debounced(SEARCH_PAUSE, () => this.set({ search: this.search.value.trim() }));
    this.search.addEventListener("input", typed);
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.search.value) {
        this.search.value = "";
        this.set({ search: "" });
      }
    });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "Filters" });
    this.sort = h("select", { "aria-label": "Sort by", on: { change: () => this.sortBy(this.sort.value) } },
      SORTS.map(({ name, title }) => h("option", { value: name }, title)));
    this.direction = h("button", { type: "button", class: "direction",
      on: { click: () => this.set({ direction: this.query.direction === "asc" ? "desc" : "asc" }) } });
    this.order = h("div", { class: "order" }, this.sort, this.direction);
    this.show();
  }

  /** Changes the query. Only the trades API has type and VIP, and it lists by number, the newest first. */
  set(change) {
    const before = JSON.stringify(this.query);
    Object.assign(this.query, change);
    if (this.isNumbered) Object.assign(this.query, BY_NUMBER);
    if (JSON.stringify(this.query) === before) return;
    this.show();
    this.changed();
  }

  sortBy(sort) {
    const first = ["full_name", "first_name", "last_name", "email"].includes(sort) ? "asc" : "desc";
    this.set({ sort, direction: first });
  }

  /** Whether the customers can only be listed by number. */
  get isNumbered() {
    return Boolean(this.query.type || this.query.vip);
  }

  get isEmpty() {
    const { search, status, type, vip, tag } = this.query;
    return !(search || status || type || vip || tag);
  }

  clear() {
    this.search.value = "";
    this.set({ search: "", status: "", type: "", vip: false, tag: null });
  }

  async loadTags() {
    try {
      this.knownTags = (await tags()).tags.sort((a, b) => a.name.localeCompare(b.name));
      this.show();
    } catch (error) {
      failed(error);
    }
  }

  show() {
    const { vip, tag, sort, direction } = this.query;
    const focused = document.activeElement?.dataset?.chip;
    const chip = (name, text, pressed, change) => h("button", { type: "button", class: "chip", data: { chip: name },
      "aria-pressed": String(pressed), on: { click: () => this.set(change) } }, text);
    const of = (name, value, text) =>
      chip(`${name}-${value}`, text, this.query[name] === value, { [name]: this.query[name] === value ? "" : value });
    fill(this.chips,
      Object.entries(STATUS_TEXT).map(([value, text]) => of("status", value, text)),
      h("span", { class: "bar" }),
      ["Residential", "Commercial"].map((value) => of("type", value, value)),
      chip("vip", "VIP", vip, { vip: !vip }),
      h("span", { class: "bar" }),
      this.tagChoice(tag),
      this.isEmpty ? "" : h("button", { type: "button", class: "quiet", data: { chip: "clear" },
        on: { click: () => this.clear() } }, "Clear"));
    this.chips.querySelector(`[data-chip="${focused ?? "none"}"]`)?.focus();
    this.sort.value = sort;
    const text = direction === "asc" ? "Ascending" : "Descending";
    fill(this.direction, direction === "asc" ? "↑" : "↓");
    this.direction.setAttribute("aria-label", `${text}; reverse the order`);
    this.direction.title = text;
    for (const control of [this.sort, this.direction]) control.disabled = this.isNumbered;
  }

  tagChoice(tag) {
    const select = h("select", { class: tag ? "chip chosen" : "chip", "aria-label": "Tag", data: { chip: "tag" },
      on: { change: () => this.set({ tag: this.knownTags.find(({ id }) => id === select.value) ?? null }) } },
    h("option", { value: "" }, "Any tag"), this.knownTags.map(({ id, name }) => h("option", { value: id }, name)));
    select.value = tag?.id ?? "";
    return select;
  }
}
