// The view of the mirror: the connection, conflicts with both values, refusals, and both companies next to each other.

import { graphql, send } from "../shared/api.js";
import { callButton, failed, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { count, counted, moment, money, nameOf } from "../shared/format.js";
import { local, own, session } from "../shared/session.js";

const MIRRORED = `query Mirrored($after: String) {
  infiniteCustomers(first: 100, after: $after, filter: { hasQuickbooksId: true }) {
    edges { node { id firstName lastName companyName email phone status quickbooksId } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const MAX_COMPARED = 500;

const FIELD_TEXT = { first_name: "First name", last_name: "Last name", company_name: "Company", email: "Email", phone: "Phone",
  mobile_phone: "Mobile phone", website: "Website", notes: "Notes", billing_address: "Billing address",
  shipping_address: "Physical address", active: "Active" };

/** The view. `changed()` is called when customers here have changed. */
export class MirrorView {
  constructor({ changed }) {
    this.changed = changed;
    this.calls = [];
    this.status = h("div", { class: "block" });
    this.conflicts = h("div", { class: "block" });
    this.refused = h("div", { class: "block" });
    this.companies = h("div", { class: "block companies" });
    this.syncButton = h("button", { type: "button", class: "primary", on: { click: () => this.sync() } }, "Sync now");
    this.element = h("section", { class: "view", "aria-labelledby": "mirror-title" },
      h("div", { class: "view-head" }, h("h1", { id: "mirror-title" }, "Mirror"),
        h("p", { class: "muted" }, "Customers are kept equal here and in QuickBooks."), h("div", { class: "actions push" }, this.syncButton)),
      h("div", { class: "blocks wide" }, this.status, this.refused, this.conflicts, this.companies));
  }

  enter() {
    this.load();
  }

  async load() {
    this.syncButton.disabled = !session.can.mirror;
    if (!session.can.mirror) {
      fill(this.status, h("p", {}, "The mirror is in the table. Start the console with --dynamodb URL to see it."));
      return;
    }
    try {
      const mirror = await local(own("GET", "mirror"));
      this.show(mirror);
      if (mirror.connected) await this.showCompanies();
    } catch (error) {
      fill(this.status, h("h2", {}, "Connection"), h("p", { class: "error" }, error.message),
        h("div", {}, h("button", { type: "button", on: { click: () => this.load() } }, "Try again")));
    }
  }

  show(mirror) {
    this.syncButton.disabled = !mirror.connected;
    if (!mirror.connected) {
      fill(this.status, h("h2", {}, "Connection"), h("p", {}, mirror.company
        ? `The authorization of ${mirror.company} has ended. Run sync-agent connect again.`
        : "No company is connected. Connect one with sync-agent connect."));
      for (const block of [this.conflicts, this.refused, this.companies]) fill(block);
      return;
    }
    const entry = (title, value) => [h("dt", {}, title), h("dd", {}, value)];
    fill(this.status, h("div", { class: "group-head" }, h("h2", {}, "Connection"), callButton(() => [own("GET", "mirror")])), h("dl", { class: "facts" },
      entry("Company", mirror.company), entry("Company id", mirror.realm_id),
      entry("At", mirror.environment), entry("Last sync", moment(mirror.last_sync_at) || "never"),
      entry("Changes there are known up to", moment(mirror.checkpoint_at) || "–"),
      entry("Waiting to be sent", counted(mirror.pending, "customer")),
      entry("Authorization ends", moment(mirror.refresh_token_expires_at) || "–")));
    this.showConflicts(mirror.conflicts);
    fill(this.refused, h("h2", {}, `Refused: ${count(mirror.refused.length)}`),
      mirror.refused.length ? h("ul", { class: "plain" }, mirror.refused.map((refusal) => h("li", {},
        refusal.id ? h("a", { href: `#/customers/${refusal.id}` }, refusal.name || refusal.id) : "", h("div", {}, refusal.reason),
        h("div", { class: "muted small" }, moment(refusal.at)))))
        : h("p", { class: "muted" }, "Nothing is refused."));
  }

  showConflicts(conflicts) {
    const head = h("h2", {}, `Conflicts: ${count(conflicts.length)}`);
    if (!conflicts.length) {
      fill(this.conflicts, head, h("p", { class: "muted" }, "There are no conflicts. One appears when both sides have changed the same field."));
      return;
    }
    fill(this.conflicts, head, h("p", { class: "muted small" }, "The next sync brings the value that you keep to the other side."),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Conflicts" }, h("table", { class: "wide" },
        h("thead", {}, h("tr", {}, ["Customer", "Field", "Before", "Here", "In QuickBooks"].map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", {}, conflicts.map((conflict) => this.conflict(conflict))))));
  }

  conflict(conflict) {
    const { id, name, field, base, winner } = conflict;
    const keep = (side, value) => h("td", {}, h("div", { class: winner === side ? "won" : "" }, valueText(value), winner === side ? h("span", { class: "muted small" }, " in use") : ""),
      h("button", { type: "button", "aria-label": `Keep ${side === "ours" ? "our" : "their"} ${field} of ${name}`,
        on: { click: () => this.resolve(conflict, side) } }, "Keep"));
    return h("tr", {}, h("td", {}, h("a", { href: `#/customers/${id}` }, name || id)), h("td", {}, FIELD_TEXT[field] ?? field),
      h("td", { class: "muted" }, valueText(base)), keep("ours", conflict.ours), keep("theirs", conflict.theirs));
  }

  async resolve({ id, field, name }, keep) {
    try {
      const call = own("POST", "mirror/resolve", { id, field, keep });
      await local(call);
      toast(`${FIELD_TEXT[field] ?? field} of ${name || id}: ${keep === "ours" ? "our value" : "the value of QuickBooks"} is kept. Sync to bring it to the other side.`,
        { calls: [call] });
      this.changed();
      await this.load();
    } catch (error) {
      failed(error);
    }
  }

  async sync() {
    this.syncButton.disabled = true;
    fill(this.syncButton, "Syncing");
    try {
      const call = own("POST", "mirror/sync", {});
      const { pushed, pulled, conflicts, refused, unreadable } = await local(call);
      toast(`To QuickBooks: ${count(pushed.created)} created, ${count(pushed.updated)} changed, ${count(pushed.deactivated)} made inactive. `
        + `From there: ${counted(pulled.customers, "customer")}, ${counted(pulled.orders, "order")}, ${counted(pulled.payments, "payment")}. `
        + `${counted(conflicts, "conflict")}, ${count(refused)} refused.${unreadable.map((text) => ` ${text}`).join("")}`, { calls: [call] });
      this.changed();
    } catch (error) {
      failed(error);
    }
    fill(this.syncButton, "Sync now");
    await this.load();
  }

  async showCompanies() {
    if (!session.can.company) {
      fill(this.companies, h("h2", {}, "Both companies"), h("p", { class: "muted" }, "The company is at Intuit; open QuickBooks to compare."));
      return;
    }
    const company = own("GET", "mirror/company");
    const [{ customers, url }, ours] = await Promise.all([local(company), this.mirrored()]);
    const byQuickBooksId = new Map(ours.map((row) => [row.quickbooksId, row]));
    const rows = customers.slice(0, MAX_COMPARED).map((theirs) => [byQuickBooksId.get(theirs.Id), theirs]);
    fill(this.companies, h("div", { class: "group-head" }, h("h2", {}, "Here, and in the stand-in's company"),
      h("div", { class: "actions" }, callButton(() => [company, ...this.calls]), h("a", { href: url, target: "_blank", rel: "noreferrer" }, "Open the stand-in"))),
    h("p", { class: "muted small" }, `${counted(customers.length, "customer")} there, ${count(ours.length)} of them linked to customers here.`
      + (customers.length > MAX_COMPARED ? ` The first ${MAX_COMPARED} are shown.` : "")),
    h("div", { class: "scroll tall-table", tabindex: "0", role: "region", "aria-label": "Customers on both sides" }, h("table", { class: "wide" },
      h("thead", {}, h("tr", {}, ["Here", "Email here", "Name there", "Email there", "Balance there", "Active there"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, rows.map(([our, theirs]) => pair(our, theirs))))));
  }

  /** Our customers that have an id in QuickBooks. */
  async mirrored() {
    const rows = [];
    let after = null;
    do {
      const call = graphql("pool", MIRRORED, { after });
      const { edges, pageInfo } = (await send(call)).data.data.infiniteCustomers;
      this.calls = [call];
      rows.push(...edges.map(({ node }) => node));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after && rows.length < 2 * MAX_COMPARED);
    return rows;
  }
}

function pair(our, theirs) {
  const email = theirs.PrimaryEmailAddr?.Address ?? "";
  const differs = our && (our.email ?? "").toLowerCase() !== email.toLowerCase();
  return h("tr", {}, h("td", {}, our ? h("a", { href: `#/customers/${our.id}` }, nameOf(our)) : h("span", { class: "muted" }, "not linked")),
    h("td", {}, our?.email ?? ""), h("td", {}, theirs.DisplayName ?? ""), h("td", { class: differs ? "error" : "" }, email),
    h("td", { class: "amount" }, money(theirs.Balance ?? 0, theirs.CurrencyRef?.value ?? "USD")),
    h("td", {}, theirs.Active === false ? "No" : "Yes"));
}

/** A value of a mirrored field. Addresses are objects. */
function valueText(value) {
  if (value === null || value === undefined || value === "") return "(empty)";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "object" ? Object.values(value).filter(Boolean).join(", ") : String(value);
}
