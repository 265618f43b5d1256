// The view of all functions with their routes.

import { h } from "../shared/dom.js";
import { session } from "../shared/session.js";

const DIALECTS = {
  trades: ["trades", "/docs#trades"], erp: ["erp", "/docs#erp"], pool: ["pool", "/docs#pool"],
  funnels: ["funnels", "/docs#funnels"], quickbooks: ["QuickBooks webhook", null],
};

/** The view. */
export class FunctionsView {
  constructor() {
    this.list = h("div", { class: "blocks wide" });
    this.element = h("section", { class: "view", "aria-labelledby": "functions-title" },
      h("div", { class: "view-head" }, h("h1", { id: "functions-title" }, "Functions"),
        h("p", { class: "muted" }, "Each function is one Lambda binary. The routes are those of template.yaml.")),
      this.list);
  }

  enter() {
    const groups = new Map(Object.keys(DIALECTS).map((name) => [name, []]));
    for (const route of session.routes ?? []) {
      const dialect = route.function.split("-")[0];
      groups.set(dialect, [...(groups.get(dialect) ?? []), route]);
    }
    this.list.replaceChildren(...[...groups].filter(([, routes]) => routes.length).map(([name, routes]) => this.group(name, routes)));
  }

  group(name, routes) {
    const [title, link] = DIALECTS[name] ?? [name, null];
    return h("div", { class: "block" }, h("div", { class: "group-head" }, h("h2", {}, title),
      link ? h("a", { href: link }, "Reference") : ""),
    h("table", {}, h("thead", {}, h("tr", {}, ["Function", "Route", ""].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, routes.map(({ function: name, method, path }) => h("tr", {}, h("td", {}, name),
        h("td", { class: "mono" }, `${method} ${path}`),
        h("td", {}, h("a", { href: "#/requests", "aria-label": `Requests to ${name}` }, "Requests")))))));
  }
}
