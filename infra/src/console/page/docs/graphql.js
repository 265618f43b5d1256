// The reference of a GraphQL dialect: operations, types, errors and examples. The schema is read by introspection.

import { SAMPLES, titleOf } from "../graphiql/samples.js";
import { graphql, send } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { table } from "./rest.js";
import { input, runner } from "./runner.js";

const TYPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";

const INTROSPECTION = `query Schema {
  __schema {
    queryType { name } mutationType { name }
    types {
      kind name description
      fields { name description args { name description defaultValue type { ${TYPE} } } type { ${TYPE} } }
      inputFields { name description defaultValue type { ${TYPE} } }
      enumValues { name description }
    }
  }
}`;

/** The errors of each API: the code, the HTTP status, and the cause. */
const ERRORS = {
  pool: ["Code in extensions.code", [
    ["GRAPHQL_VALIDATION_FAILED", "200", "the document is malformed, violates the schema or exceeds a limit"],
    ["BAD_USER_INPUT", "200; 400 or 405 for the whole request", "a value is wrong"],
    ["NOT_FOUND", "200", "no such customer or tag"],
    ["CONFLICT", "200", "the idempotency key was used for a different request, or a unique email is taken"],
    ["FORBIDDEN", "403; 200 for a mutation", "the key lacks the scope, or deleteCustomer is turned off"],
    ["UNAUTHORIZED", "401", "the API key is missing or not valid"],
    ["RESPONSE_TOO_LARGE", "200", "the response would be larger than 5.5 MB"],
    ["PERSISTED_QUERY_NOT_SUPPORTED", "200", "only a hash was sent"],
    ["RATE_LIMITED", "429", "too many requests"],
    ["INTERNAL_SERVER_ERROR", "500, 503", "internal error, or temporarily unavailable"],
  ]],
  funnels: ["Key", [
    ["ValidationError", "200; 400 for the whole request", "a value is wrong"],
    ["errors_invalid_cursor", "200", "after is not a cursor of this list"],
    ["errors_not_found", "200", "no such customer"],
    ["errors_dup_email", "200", "another customer has the email, with unique-email on"],
    ["errors_conflict", "200", "the idempotency key was used for a different request, or the tenant has 1,000 tags"],
    ["errors_store_access", "401, 403; 200 for a mutation", "the API key is missing or not valid, or lacks the scope"],
    ["errors_usage_limit", "403", "the monthly limit is exceeded"],
    ["errors_response_too_large", "200", "the response would be larger than 5.5 MB"],
    ["errors_persisted_query", "200", "only a hash was sent"],
    ["errors_method", "405", "a mutation was sent with GET"],
    ["rate_limit_reached", "429", "too many requests"],
    ["errors_unavailable", "503", "temporarily unavailable"],
  ]],
};

/** Returns the reference and its sections. */
export async function graphqlReference(name) {
  const { data } = (await send(graphql(name, INTROSPECTION))).data;
  const { types, queryType, mutationType } = data.__schema;
  const own = types.filter((type) => !type.name.startsWith("__"));
  const roots = [[queryType.name, "Queries"], [mutationType.name, "Mutations"]];
  const others = own.filter((type) => !roots.some(([root]) => root === type.name) && type.kind !== "SCALAR")
    .sort((a, b) => a.name.localeCompare(b.name));
  const scalars = own.filter((type) => type.kind === "SCALAR");
  const path = graphql(name, "").path;
  return {
    sections: [["examples", "Examples"], ["queries", "Queries"], ["mutations", "Mutations"], ["errors", "Errors"], ["types", "Types"]]
      .map(([id, title]) => ({ id: `${name}/${id}`, title })),
    element: [
      h("h1", {}, name), h("p", { class: "lead" }, "GraphQL at ", h("code", {}, `POST ${path}`), "; queries also with GET."),
      h("p", {}, h("a", { href: `/graphiql#${name}` }, "Open in GraphiQL")),
      h("h2", { id: `${name}/examples` }, "Examples"), ...SAMPLES[name].map((sample) => exampleOf(name, sample)),
      ...roots.flatMap(([root, title]) => [h("h2", { id: `${name}/${title.toLowerCase()}` }, title),
        ...own.find((type) => type.name === root).fields.map((field) => operation(name, field))]),
      h("h2", { id: `${name}/errors` }, "Errors"), table([ERRORS[name][0], "Status", "Cause"],
        ERRORS[name][1].map(([code, status, cause]) => [h("code", {}, code), status, cause])),
      h("h2", { id: `${name}/types` }, "Types"), ...others.map((type) => typeSection(name, type)),
      h("h3", {}, "Scalars"), table(["Name", "Meaning"], scalars.map((type) => [h("code", { id: `${name}/${type.name}` }, type.name), type.description ?? "built in"])),
    ],
  };
}

function exampleOf(name, sample) {
  const document = input("Document", sample.document, { rows: String(Math.min(14, sample.document.split("\n").length + 1)) });
  const variables = input("Variables", JSON.stringify(sample.variables, null, 2), { rows: "4" });
  const call = () => graphql(name, document.element.value, JSON.parse(variables.element.value || "{}"));
  return h("details", { class: "sample" }, h("summary", {}, titleOf(sample)),
    h("div", { class: "example" }, document.field, variables.field, runner(call, sample)));
}

function operation(name, field) {
  return h("section", { class: "operation" }, h("h3", {}, h("code", {}, field.name), ": ", typeLink(name, field.type)),
    field.description ? h("p", {}, field.description) : "",
    field.args.length ? table(["Argument", "Type", "Meaning"], field.args.map((one) =>
      [h("code", {}, one.name), [typeLink(name, one.type), one.defaultValue ? ` = ${one.defaultValue}` : ""], one.description ?? ""])) : "");
}

function typeSection(name, type) {
  const fields = type.fields ?? type.inputFields;
  const kind = { INPUT_OBJECT: "input", ENUM: "enum", INTERFACE: "interface", UNION: "union" }[type.kind] ?? "type";
  return h("section", { class: "schema", id: `${name}/${type.name}` }, h("h3", {}, h("span", { class: "muted" }, `${kind} `), type.name),
    type.description ? h("p", {}, type.description) : "",
    type.enumValues ? table(["Value", "Meaning"], type.enumValues.map((value) => [h("code", {}, value.name), value.description ?? ""])) : "",
    fields ? table(["Field", "Type", "Meaning"], fields.map((field) => [h("code", {}, field.name), typeLink(name, field.type), field.description ?? ""])) : "");
}

function typeLink(name, type) {
  if (type.kind === "NON_NULL") return [typeLink(name, type.ofType), "!"];
  if (type.kind === "LIST") return ["[", typeLink(name, type.ofType), "]"];
  return h("a", { href: `#${name}/${type.name}` }, type.name);
}
