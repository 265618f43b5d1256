// The reference: every dialect, from its OpenAPI specification or its GraphQL schema.

import { fill, h } from "../shared/dom.js";
import { openSession } from "../shared/session.js";
import { graphqlReference } from "./graphql.js";
import { restReference } from "./rest.js";

const DIALECTS = {
  trades: { title: "trades", text: "REST, /api/v1/customers", open: () => restReference("trades") },
  erp: { title: "erp", text: "REST, /api/customers", open: () => restReference("erp") },
  pool: { title: "pool", text: "GraphQL, /graphql", open: () => graphqlReference("pool") },
  funnels: { title: "funnels", text: "GraphQL, /api/v2", open: () => graphqlReference("funnels") },
};

const side = document.getElementById("side");
const content = document.getElementById("content");

/** Shows the dialect and the section that the address names: `#erp` or `#erp/CreateCustomer`. */
async function show() {
  const [name, section] = decodeURIComponent(location.hash.slice(1)).split("/");
  const dialect = DIALECTS[name] ? name : "trades";
  if (content.dataset.dialect !== dialect) {
    content.dataset.dialect = dialect;
    fill(content, h("h1", {}, dialect), h("p", { class: "muted" }, "Loading"));
    contents(dialect, []);
    try {
      const { sections, element } = await DIALECTS[dialect].open();
      fill(content, element);
      contents(dialect, sections);
    } catch (error) {
      fill(content, h("h1", {}, dialect), h("p", { class: "error" }, `The reference cannot be read: ${error.message}`));
      content.dataset.dialect = "";
    }
  }
  const target = section && document.getElementById(`${dialect}/${section}`);
  if (target) target.scrollIntoView();
  else content.scrollTop = 0;
}

function contents(dialect, sections) {
  fill(side, h("ul", { class: "dialects" }, Object.entries(DIALECTS).map(([name, { title, text }]) =>
    h("li", {}, h("a", { href: `#${name}`, "aria-current": name === dialect ? "page" : undefined }, title),
      h("span", { class: "muted small" }, ` ${text}`),
      name === dialect ? h("ul", {}, sections.map(({ id, title: text }) =>
        h("li", {}, h("a", { href: `#${id}` }, text)))) : ""))));
}

try {
  await openSession();
  await show();
  globalThis.addEventListener("hashchange", show);
} catch (error) {
  fill(content, h("h1", {}, "Reference"), h("p", { class: "error" }, `The console cannot start: ${error.message}`));
}
