// The selection, and the changes that are made to all selected customers.

import { byIds } from "../data/customers.js";
import { bulkUpdate, createTag, inverse } from "../data/writes.js";
import { callButton, confirmation, failed, openDialog, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { STATUS_TEXT, count, counted } from "../shared/format.js";

const MAX_SELECTED = 5_000;
const READ_AT_ONCE = 50;

/** The selected customers of a view, by id. */
export class Bulk {
  constructor(view) {
    this.view = view;
    this.selected = new Map();
    this.calls = [];
    this.element = h("div", { class: "bulk", role: "region", "aria-label": "Selected customers", hidden: true });
  }

  /** Adds a customer to the selection or, unless it is only to be added, takes it out. */
  toggle(row, only = false) {
    if (this.selected.has(row.id) && !only) this.selected.delete(row.id);
    else this.selected.set(row.id, row);
    this.show();
  }

  clear() {
    this.selected.clear();
    if (this.box) this.box.checked = false;
    this.show();
  }

  /** Selects the customers of the list, up to 5,000, reading those that are not loaded. */
  async all(checked) {
    if (!checked) {
      this.clear();
      return;
    }
    const { list } = this.view;
    this.isReading = true;
    try {
      for (let index = 0; index < Math.min(list.length, MAX_SELECTED); index += 1) {
        if (!list.get(index)) await this.read(list, index);
        const row = list.get(index);
        if (row) this.selected.set(row.id, row);
        if (index % 500 === 499) this.show();
      }
    } catch (error) {
      failed(error);
    }
    this.isReading = false;
    this.show();
    if (list.length > MAX_SELECTED) toast(`The first ${MAX_SELECTED} customers of the list are selected, which is the most.`);
  }

  async read(list, index) {
    if (list.rows) await list.read();
    else if (list.pages.has(Math.floor(index / 100) + 1)) await new Promise((done) => { setTimeout(done, 20); });
    else await list.load(Math.floor(index / 100) + 1);
  }

  show() {
    const { size } = this.selected;
    this.element.hidden = size === 0;
    this.view.rows.schedule();
    if (this.box) this.box.indeterminate = size > 0 && !this.box.checked;
    if (!size) return;
    if (this.isReading) {
      fill(this.element, h("span", { class: "count" }, `${counted(size, "customer")} selected so far`));
      return;
    }
    const status = h("select", { "aria-label": "Set status", on: { change: () => this.setStatus(status.value) } },
      h("option", { value: "" }, "Set status"),
      Object.entries(STATUS_TEXT).map(([value, text]) => h("option", { value }, text)));
    fill(this.element, h("span", { class: "count" }, `${counted(size, "customer")} selected`), status,
      h("button", { type: "button", on: { click: () => this.askTag("addTagIds") } }, "Add tag"),
      h("button", { type: "button", on: { click: () => this.askTag("removeTagIds") } }, "Remove tag"),
      callButton(() => this.calls),
      h("button", { type: "button", class: "quiet", on: { click: () => this.clear() } }, "Clear selection"));
  }

  async setStatus(status) {
    if (!status) return;
    if (this.selected.size > 500 && !await this.confirmed()) return;
    await this.change({ status }, (row) => ({ ...row, status }), `set to ${STATUS_TEXT[status].toLowerCase()}`);
  }

  confirmed() {
    return confirmation("Change many customers", `This changes ${counted(this.selected.size, "customer")}.`, "Change");
  }

  /** Lets the person choose a tag, or name a new one. */
  async askTag(field) {
    const { knownTags } = this.view.filters;
    const tag = await openDialog(field === "addTagIds" ? "Add a tag" : "Remove a tag", (close) => {
      const name = h("input", { id: "new-tag", maxlength: "100" });
      const error = h("p", { class: "error" });
      const create = async (event) => {
        event.preventDefault();
        try {
          const made = await createTag(name.value.trim());
          knownTags.push(made.tag);
          this.view.filters.show();
          close(made.tag);
        } catch (failure) {
          fill(error, failure.message);
        }
      };
      return [h("div", { class: "actions" }, knownTags.map((known) =>
        h("button", { type: "button", on: { click: () => close(known) } }, known.name))),
      field === "addTagIds" ? h("form", { class: "actions", on: { submit: create } },
        h("label", { for: "new-tag" }, "New tag"), name, h("button", { type: "submit" }, "Create"), error) : ""];
    });
    if (!tag) return;
    const words = field === "addTagIds" ? `tagged “${tag.name}”` : `no longer tagged “${tag.name}”`;
    const others = (row) => row.tags.filter(({ id }) => id !== tag.id);
    const applied = (row) => ({ ...row, tags: field === "addTagIds" ? [...others(row), tag] : others(row) });
    await this.change({ [field]: [tag.id] }, applied, words);
  }

  /** Makes a change. `applied(row)` is a row after it. */
  async change(update, applied, words) {
    const before = [...this.selected.values()];
    const { tried, errors, calls, failure } = await bulkUpdate(before.map(({ id }) => id), update);
    this.calls = calls;
    const refused = new Set(errors.map(({ id }) => id));
    const changed = before.slice(0, tried).filter(({ id }) => !refused.has(id));
    await this.use(changed.map(applied));
    const some = failure ? ` of ${count(before.length)}` : "";
    const reasons = [errors.length ? ` ${errors.length} could not be changed: ${errors[0].message}.` : "", failure ? ` ${failure.message}` : ""];
    toast(`${count(changed.length)}${some} ${before.length === 1 ? "customer" : "customers"} ${words}.${reasons.join("")}`,
      { calls, bad: errors.length > 0 || Boolean(failure), undo: changed.length ? () => this.undo(changed, update) : undefined });
    this.show();
  }

  async undo(before, update) {
    const failures = [];
    const calls = [];
    for (const { update: former, ids } of inverse(before, update)) {
      const result = await bulkUpdate(ids, former);
      failures.push(...result.errors, ...(result.failure ? [result.failure] : []));
      calls.push(...result.calls);
    }
    await this.use(before);
    toast(failures.length ? `Not all customers are changed back: ${failures[0].message}`
      : `${counted(before.length, "customer")} changed back.`, { calls, bad: failures.length > 0 });
  }

  /** Shows changed customers. */
  async use(rows) {
    for (const row of rows) if (this.selected.has(row.id)) this.selected.set(row.id, row);
    try {
      await this.refresh(rows);
    } catch (error) {
      failed(error);
    }
  }

  /** Reads the customers again, as many as can be in sight. */
  async refresh(rows) {
    for (let at = 0; at < Math.min(rows.length, 500); at += READ_AT_ONCE) {
      const { byId } = await byIds(rows.slice(at, at + READ_AT_ONCE).map(({ id }) => id));
      for (const row of byId.values()) this.view.replace(row);
    }
    if (rows.length > 500) this.view.reload();
  }
}
