// The view of API keys, the usage of the month, settings, and the reset of the demo.

import { rest, send } from "../shared/api.js";
import { callButton, confirmation, failed, openDialog, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { count, counted, moment } from "../shared/format.js";
import { local, own, session, useKey } from "../shared/session.js";

const SCOPES = ["read", "write", "export"];

const SETTINGS = [
  ["usage_metering", "Count the requests of each month"],
  ["usage_limit", "Requests per month beyond which requests are refused"],
  ["unique_email", "Refuse an email that another customer has"],
  ["pool_extensions", "Let pool clients delete customers"],
  ["pool_creates_leads", "Customers that pool clients create are leads"],
  ["trades_create_answers_200", "Respond with 200 instead of 201 when a trades client creates a customer"],
  ["csv_formula_guard", "Put an apostrophe before CSV cells that a spreadsheet would run"],
];

/** The view. `reset()` is called once other customers are to be shown: after a reset of the demo, and for another key. */
export class KeysView {
  constructor({ reset }) {
    this.reset = reset;
    this.usage = h("div", { class: "block" });
    this.keys = h("div", { class: "block" });
    this.settings = h("div", { class: "block" });
    this.demo = h("div", { class: "block" });
    this.element = h("section", { class: "view", "aria-labelledby": "keys-title" },
      h("div", { class: "view-head" }, h("h1", { id: "keys-title" }, "Keys")),
      h("div", { class: "blocks" }, this.keys, this.usage, this.settings, this.demo));
  }

  enter() {
    this.showKeys();
    this.showUsage();
    this.showSettings();
    this.showDemo();
  }

  async showKeys() {
    const title = h("h2", {}, `API keys of ${session.tenant || "this API"}`);
    if (!session.can.keys) {
      fill(this.keys, title, this.keyInput());
      return;
    }
    try {
      const call = own("GET", "keys");
      const { keys } = await local(call);
      fill(this.keys, h("div", { class: "group-head" }, title, h("div", { class: "actions" }, callButton(() => [call]),
        h("button", { type: "button", class: "primary", on: { click: () => this.create() } }, "Create a key"))),
      h("table", {}, h("thead", {}, h("tr", {}, ["Name", "Id", "Scopes", "Created", ""].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, keys.map((key) => h("tr", {}, h("td", {}, key.name || "–"), h("td", { class: "mono" }, key.id),
          h("td", {}, key.scopes.split(",").join(", ")), h("td", {}, moment(key.created_at)),
          h("td", {}, h("button", { type: "button", class: "quiet", "aria-label": `Revoke ${key.name || key.id}`,
            on: { click: () => this.revoke(key) } }, "Revoke")))))));
    } catch (error) {
      fill(this.keys, title, h("p", { class: "error" }, error.message));
    }
  }

  /** A deployed API is called with a key that the person types in. */
  keyInput() {
    const input = h("input", { type: "password", id: "own-key", autocomplete: "off", value: session.key, placeholder: "ctc_live_…" });
    const submit = (event) => {
      event.preventDefault();
      useKey(input.value);
      toast("The key is used until this tab is closed.");
      this.reset();
      this.showUsage();
    };
    return h("form", { class: "actions", on: { submit } }, h("label", { for: "own-key" }, "Key"), input,
      h("button", { type: "submit", class: "primary" }, "Use this key"));
  }

  create() {
    openDialog("Create a key", (close) => {
      const name = h("input", { id: "key-name", maxlength: "100" });
      const boxes = SCOPES.map((scope) => [scope, h("input", { type: "checkbox", id: `scope-${scope}`, checked: scope === "read" })]);
      const error = h("p", { class: "error", role: "alert" });
      const submit = async (event) => {
        event.preventDefault();
        try {
          const scopes = boxes.filter(([, box]) => box.checked).map(([scope]) => scope).join(",");
          const call = own("POST", "keys", { name: name.value, scopes });
          const key = await local(call);
          close();
          this.showKeys();
          openDialog("The new key", () => [h("p", {}, "Store it now; it cannot be shown again."), h("pre", { tabindex: "0" }, key.secret),
            h("div", { class: "actions end" }, callButton(() => [call]))]);
        } catch (failure) {
          fill(error, failure.message);
        }
      };
      return h("form", { class: "dialog-form", on: { submit } },
        h("div", { class: "field" }, h("label", { for: "key-name" }, "Name"), name),
        h("fieldset", { class: "actions" }, h("legend", {}, "Scopes"),
          boxes.map(([scope, box]) => h("label", { class: "check" }, box, scope))), error,
        h("div", { class: "actions end" }, h("button", { type: "submit", class: "primary" }, "Create")));
    });
  }

  async revoke(key) {
    const isAgreed = await confirmation("Revoke a key",
      `Clients that use the key “${key.name || key.id}” are refused from 5 seconds on. This cannot be undone.`, "Revoke");
    if (!isAgreed) return;
    try {
      const call = own("DELETE", `keys/${encodeURIComponent(key.id)}`);
      await local(call);
      toast(`The key ${key.name || key.id} is revoked.`, { calls: [call] });
      this.showKeys();
    } catch (error) {
      failed(error);
    }
  }

  /** The API reports the usage with each trades request, so this request counts, too. */
  async showUsage() {
    const title = h("h2", {}, "Usage this month");
    const call = rest("GET", "/api/v1/customers?limit=1");
    try {
      const { headers } = await send(call);
      const [used, limit, resets] = ["count", "limit", "resets"].map((name) => headers.get(`x-usage-${name}`));
      fill(this.usage, h("div", { class: "group-head" }, title, callButton(() => [call])),
        used === null ? h("p", { class: "muted" }, "Requests are not counted.") : [
          h("p", {}, `${count(Number(used))} of ${counted(Number(limit), "request")} until ${moment(resets)}.`),
          h("meter", { min: "0", max: limit, value: Number(used), "aria-label": "Requests this month" })]);
    } catch (error) {
      fill(this.usage, title, h("p", { class: "error" }, error.message));
    }
  }

  async showSettings() {
    const title = h("h2", {}, "Settings");
    if (!session.can.keys) {
      fill(this.settings);
      return;
    }
    try {
      const call = own("GET", "settings");
      const settings = await local(call);
      fill(this.settings, h("div", { class: "group-head" }, title, callButton(() => [call])), SETTINGS.map(([name, text]) => {
        const isFlag = typeof settings[name] === "boolean";
        const input = h("input", { type: isFlag ? "checkbox" : "number", id: `setting-${name}`, min: "0" });
        if (isFlag) input.checked = settings[name];
        else input.value = settings[name];
        input.addEventListener("change", () => this.change({ [name]: isFlag ? input.checked : Number(input.value) }));
        return h("div", { class: "setting" }, input, h("label", { for: input.id }, text));
      }));
    } catch (error) {
      fill(this.settings, title, h("p", { class: "error" }, error.message));
    }
  }

  async change(changes) {
    try {
      const before = await local(own("GET", "settings"));
      const call = own("PUT", "settings", { ...before, ...changes });
      await local(call);
      toast("The setting is saved. Functions use it within 15 minutes, or after a restart.",
        { calls: [call], undo: async () => {
          await local(own("PUT", "settings", before));
          this.showSettings();
        } });
    } catch (error) {
      failed(error);
    }
    this.showSettings();
  }

  showDemo() {
    if (!session.can.reset) {
      fill(this.demo);
      return;
    }
    fill(this.demo, h("h2", {}, "Demo"),
      h("p", {}, "Deletes the records of the demo tenant, adds its 60 customers again, and restores the company of the QuickBooks stand-in. Keys and settings stay."),
      h("div", {}, h("button", { type: "button", class: "danger", on: { click: () => this.resetDemo() } }, "Reset the demo")));
  }

  /** Restores the demo, once the person agrees. */
  async resetDemo() {
    const text = "All records of the demo tenant are replaced by the 60 demo customers. This cannot be undone.";
    if (!await confirmation("Reset the demo", text, "Reset")) return;
    toast("The demo is being reset.");
    try {
      const call = own("POST", "demo/reset", {});
      await local(call);
      toast("The demo is as it was at the start.", { calls: [call] });
      this.reset();
    } catch (error) {
      failed(error);
    }
  }
}
