// The command palette: runs a command, or opens a customer that the search finds.

import { nextFiltered } from "../data/customers.js";
import { debounced, fill, h } from "../shared/dom.js";

const SEARCH_PAUSE = 120;
const MAX_CUSTOMERS = 8;

/** The palette. `commands()` returns those that exist, `open(row)` opens a customer, `goToRow(number)` shows a row. */
export class Palette {
  constructor({ commands, open, goToRow, nameOf }) {
    Object.assign(this, { commands, open, goToRow, nameOf });
    this.input = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list",
      "aria-autocomplete": "list", "aria-label": "Command or customer", placeholder: "Type a command, a customer or a row number",
      autocomplete: "off" });
    this.list = h("ul", { id: "palette-list", role: "listbox", "aria-label": "Commands" });
    this.dialog = h("dialog", { class: "palette", "aria-label": "Command palette" }, this.input, this.list);
    document.body.append(this.dialog);
    const search = debounced(SEARCH_PAUSE, () => this.search());
    this.input.addEventListener("input", () => {
      this.customers = [];
      this.show();
      search();
    });
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.run(Number(item.dataset.at));
    });
  }

  toggle() {
    if (this.dialog.open) {
      this.dialog.close();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    this.input.value = "";
    this.customers = [];
    this.all = this.commands();
    this.show();
    this.dialog.showModal();
  }

  show() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = this.all.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
    const number = /^[1-9]\d*$/.test(this.input.value.trim()) ? Number(this.input.value) : 0;
    const row = number ? [{ title: `Go to row ${number.toLocaleString()}`, kind: "Command", run: () => this.goToRow(number) }] : [];
    this.entries = [...row, ...matches.map(({ title, run }) => ({ title, run, kind: "Command" })),
      ...this.customers.map((row) => ({ title: this.nameOf(row), kind: row.email ?? row.id, run: () => this.open(row) }))];
    this.choose(0);
  }

  choose(at) {
    this.chosen = Math.max(0, Math.min(at, this.entries.length - 1));
    fill(this.list, this.entries.map(({ title, kind }, index) =>
      h("li", { role: "option", id: `palette-${index}`, data: { at: index }, "aria-selected": String(index === this.chosen) },
        h("span", {}, title), h("span", { class: "muted small" }, kind))));
    this.input.setAttribute("aria-activedescendant", this.entries.length ? `palette-${this.chosen}` : "");
    this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  async search() {
    const words = this.input.value.trim();
    this.abort?.abort();
    if (words.length < 2) return;
    this.abort = new AbortController();
    try {
      const { rows } = await nextFiltered(null, {}, words, this.abort.signal);
      if (words === this.input.value.trim()) {
        this.customers = rows.slice(0, MAX_CUSTOMERS);
        this.show();
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      this.customers = [];
      this.list.append(h("li", { class: "error", role: "option", "aria-selected": "false" }, error.message));
    }
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.choose(this.chosen + steps[event.key]);
    else if (event.key === "Enter") this.run(this.chosen);
    else return;
    event.preventDefault();
  }

  run(at) {
    const entry = this.entries[at];
    if (!entry) return;
    this.dialog.close();
    entry.run();
  }
}
