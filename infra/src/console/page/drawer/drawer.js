// The drawer: all fields of one customer, contacts, orders with figures, and prices.

import { deleteCustomer, restoreCustomer } from "../data/writes.js";
import { callButton, failed, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { moment, nameOf } from "../shared/format.js";
import { contactsSection } from "./contacts.js";
import { editable } from "./editor.js";
import { GROUPS } from "./fields.js";
import { figuresSection, pricesSection } from "./orders.js";
import { readRecord } from "./record.js";
import { tagsField } from "./tags.js";

/** The drawer. `changed(row)` is called after a change, `removed()` after a deletion or a restore. */
export class Drawer {
  constructor({ element, closed, changed, removed }) {
    Object.assign(this, { element, closed, changed, removed });
    this.calls = [];
  }

  hide() {
    this.abort?.abort();
    this.id = undefined;
    this.element.hidden = true;
  }

  /** Shows a customer. */
  async open(id) {
    if (this.id === id) return;
    this.abort?.abort();
    this.abort = new AbortController();
    this.id = id;
    this.element.hidden = false;
    fill(this.element, this.bar(), h("p", { class: "drawer-body muted" }, "Loading"));
    try {
      await this.load(this.abort.signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(this.element, this.bar(), h("div", { class: "drawer-body" }, h("p", { class: "error" }, error.message),
        h("div", {}, h("button", { type: "button", on: { click: () => this.again() } }, "Try again"))));
    }
  }

  /** Reads the customer again. */
  again() {
    const { id } = this;
    this.id = undefined;
    return this.open(id);
  }

  async load(signal) {
    const record = await readRecord(this.id, signal);
    if (!record) {
      fill(this.element, this.bar(), h("p", { class: "drawer-body" }, `There is no customer ${this.id}. It has been deleted.`));
      return;
    }
    this.record = record;
    this.calls = record.calls;
    this.title = h("h2", { id: "drawer-title" }, nameOf(record.pool));
    this.stamp = h("p", { class: "muted small" });
    this.describe();
    const head = h("div", { class: "drawer-head" }, this.title, this.stamp,
      h("div", { class: "actions" }, callButton(() => this.calls, "Show API calls"),
        h("button", { type: "button", class: "danger", on: { click: () => this.remove().catch(failed) } }, "Delete")));
    const context = { id: this.id, record, signal, calls: this.calls, saved: (field, value) => this.saved(field, value) };
    fill(this.element, this.bar(), h("div", { class: "drawer-body", tabindex: "0", role: "group", "aria-labelledby": "drawer-title" },
      head, figuresSection(context), ...GROUPS.map((group) => this.group(group, context)),
      contactsSection(context), pricesSection(context)));
  }

  bar() {
    return h("div", { class: "drawer-bar" },
      h("span", { class: "mono muted" }, this.id),
      h("button", { type: "button", class: "quiet", on: { click: () => this.closed() } }, "Close"));
  }

  describe() {
    const { pool, trades } = this.record;
    fill(this.title, nameOf(pool));
    fill(this.stamp, `Created ${moment(pool.createdAt)}, changed ${moment(pool.updatedAt)}`,
      trades ? h("span", { class: "mono uuid" }, trades.uuid) : "");
  }

  group({ title, fields }, context) {
    const shown = title === "Standing" ? [tagsField(context)] : [];
    return h("section", { class: "group" }, h("h3", {}, title),
      h("dl", {}, fields.map((field) => editable(field, context)), shown));
  }

  /** Takes over a saved value: the table shows it too. */
  saved(field, value) {
    const { pool, trades } = this.record;
    if (field.api === "pool") pool[field.name] = value;
    pool.updatedAt = new Date().toISOString();
    this.describe();
    this.changed({ ...pool, type: trades?.customer_type, vip: trades?.is_vip });
  }

  async remove() {
    const { record, id } = this;
    const { uuid, call } = await deleteCustomer(id, record.trades?.uuid);
    this.closed();
    this.removed();
    toast(`${nameOf(record.pool)} is deleted.`, { calls: [call], undo: async () => {
      const restored = await restoreCustomer(uuid);
      this.removed();
      toast(`${nameOf(record.pool)} is restored.`, { calls: [restored.call] });
    } });
  }
}
