// A plain editor for GraphQL documents, for machines on which the published one has not been built.

import { fill, h } from "../shared/dom.js";

/** Shows the editor with a sample. */
export function plainEditor(place, { send, sample }) {
  const document = h("textarea", { id: "document", rows: "16", spellcheck: "false", value: sample.document });
  const variables = h("textarea", { id: "variables", rows: "6", spellcheck: "false", value: JSON.stringify(sample.variables, null, 2) });
  const status = h("span", { class: "muted small", role: "status" });
  const response = h("pre", { tabindex: "0", "aria-label": "Response" });
  const run = async () => {
    try {
      const started = performance.now();
      const result = await send({ query: document.value, variables: JSON.parse(variables.value.trim() || "{}") });
      fill(status, `${Math.round(performance.now() - started)} ms`);
      fill(response, JSON.stringify(result, null, 2));
    } catch (error) {
      fill(status, error instanceof SyntaxError ? `The variables are not valid JSON: ${error.message}` : error.message);
    }
  };
  for (const area of [document, variables]) {
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        run();
      }
    });
  }
  fill(place, h("div", { class: "plain" },
    h("div", { class: "plain-side" },
      h("div", { class: "field" }, h("label", { for: "document" }, "Document"), document),
      h("div", { class: "field" }, h("label", { for: "variables" }, "Variables (JSON)"), variables),
      h("div", { class: "actions" }, h("button", { type: "button", class: "primary", on: { click: run } }, "Run"),
        h("span", { class: "muted small" }, "or Ctrl-Enter"), status),
      h("p", { class: "muted small" }, "This is the plain editor. With Node, infra/scripts/graphiql builds GraphiQL, which has completion, linting, history and documentation; the ",
        h("a", { href: "/docs#pool" }, "reference"), " has the schemas.")),
    response));
}
