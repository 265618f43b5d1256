// The reference of a REST dialect, from its OpenAPI specification.

import { rest } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { session } from "../shared/session.js";
import { input, runner } from "./runner.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Returns the reference and its sections. */
export async function restReference(name) {
  const specification = session.specifications.find((one) => one.name === name);
  const response = await fetch(specification.url);
  if (!response.ok) throw new Error(await response.text());
  const document = await response.json();
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method],
      parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])] })));
  const schemas = Object.entries(document.components?.schemas ?? {});
  const sections = [
    ...operations.map(({ operationId: id, method, path }) => ({ id: `${name}/${id}`, title: `${method.toUpperCase()} ${path}` })),
    { id: `${name}/schemas`, title: "Schemas" },
  ];
  return { sections, element: [
    h("h1", {}, name), h("p", { class: "lead" }, document.info.description ?? document.info.title),
    h("p", {}, h("a", { href: specification.url }, "OpenAPI specification"), " · ", h("a", { href: "/docs/swagger" }, "Swagger UI")),
    ...operations.map((operation) => operationSection(name, operation, document)),
    h("h2", { id: `${name}/schemas` }, "Schemas"),
    ...schemas.map(([title, schema]) => h("section", { class: "schema", id: `${name}/${title}` }, h("h3", {}, title), schemaTable(name, schema))),
  ] };
}

function operationSection(name, operation, document) {
  const { method, path, summary, description, parameters, requestBody, responses, operationId: id } = operation;
  const body = requestBody?.content?.["application/json"];
  return h("section", { class: "operation", id: `${name}/${id}` },
    h("h2", {}, h("span", { class: `method ${method}` }, method.toUpperCase()), " ", h("code", {}, path)),
    summary ? h("p", {}, summary) : "", description && description !== summary ? h("p", { class: "muted" }, description) : "",
    parameters.length ? [h("h3", {}, "Parameters"), table(["Name", "In", "Type", "Meaning"], parameters.map((one) => [
      h("code", {}, one.name), one.in + (one.required ? ", required" : ""), typeText(name, one.schema), one.description ?? ""]))] : "",
    body ? [h("h3", {}, "Body"), h("p", {}, typeText(name, body.schema))] : "",
    h("h3", {}, "Responses"), table(["Status", "Body", "Meaning"], Object.entries(responses).map(([status, one]) => [
      status, typeText(name, one.content?.["application/json"]?.schema), one.description ?? ""])),
    h("h3", {}, "Example"), example(operation, body, document));
}

/** A form with the parameters, filled with samples of this stack. */
function example({ method, path, parameters }, body, document) {
  const inputs = parameters.filter((one) => one.in !== "header").map((one) => ({ ...one,
    ...input(one.name, one.in === "path" ? (session.samples?.[one.name] ?? "") : "") }));
  const text = body ? input("Body", JSON.stringify(body.example ?? sampleOf(body.schema, document), null, 2), { rows: "8" }) : null;
  const call = () => {
    let target = path;
    const query = new URLSearchParams();
    for (const one of inputs) {
      const { value } = one.element;
      if (one.in === "path") target = target.replace(`{${one.name}}`, encodeURIComponent(value));
      else if (value) query.set(one.name, value);
    }
    return rest(method.toUpperCase(), query.size ? `${target}?${query}` : target, text ? JSON.parse(text.element.value) : undefined);
  };
  const changes = { post: "a record is added or changed.", put: "the record is changed.", delete: "the record is deleted." }[method];
  return h("div", { class: "example" }, h("div", { class: "form-grid" }, inputs.map(({ field }) => field)), text?.field ?? "",
    runner(call, { changes: changes && `${changes} “Reset the demo” in the console restores it.` }));
}

/** Returns a body that has the required fields and those with an example. */
function sampleOf(schema, document, depth = 0) {
  const resolved = resolve(schema, document);
  if (resolved?.example !== undefined) return resolved.example;
  if (resolved?.examples?.length) return resolved.examples[0];
  if (resolved?.properties && depth < 3) {
    const required = new Set(resolved.required ?? []);
    const entries = Object.entries(resolved.properties).filter(([key, one]) =>
      required.has(key) || resolve(one, document)?.example !== undefined || resolve(one, document)?.examples);
    return Object.fromEntries(entries.map(([key, one]) => [key, sampleOf(one, document, depth + 1)]));
  }
  const type = [resolved?.type].flat().find((one) => one !== "null");
  return { string: "text", integer: 1, number: 1, boolean: true, array: [] }[type] ?? null;
}

function resolve(schema, document) {
  if (!schema) return undefined;
  const one = schema.oneOf?.find(({ type }) => type !== "null") ?? schema.allOf?.[0] ?? schema;
  if (!one.$ref) return one;
  return one.$ref.split("/").slice(1).reduce((value, key) => value?.[key], document);
}

function schemaTable(name, schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([key, one]) => [
    h("code", {}, key), [typeText(name, one), schema.required?.includes(key) ? ", required" : ""], one.description ?? ""]);
  return [schema.description ? h("p", {}, schema.description) : "", rows.length ? table(["Field", "Type", "Meaning"], rows) : h("p", {}, typeText(name, schema))];
}

/** Returns the type of a schema, with a link to a named one. */
function typeText(name, schema) {
  if (!schema) return "–";
  if (schema.$ref) {
    const title = schema.$ref.split("/").at(-1);
    return h("a", { href: `#${name}/${title}` }, title);
  }
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (parts) return parts.flatMap((one, at) => [at ? " or " : "", typeText(name, one)]);
  if (schema.type === "array") return ["list of ", typeText(name, schema.items)];
  const type = [schema.type ?? "any"].flat().join(" or ");
  if (schema.enum) return `${schema.enum.map((value) => `“${value}”`).join(" or ")}`;
  return schema.format ? `${type} (${schema.format})` : type;
}

/** A table that scrolls where the window is narrow. */
export function table(titles, rows) {
  return h("div", { class: "scroll-x", tabindex: "0", role: "group", "aria-label": titles.join(", ") }, h("table", {},
    h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}
