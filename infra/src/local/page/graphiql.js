// The query page of the local stack: runs documents and shows the schema, which it asks the endpoint for.
// Whatever comes from outside reaches the document as text, never as markup.
"use strict";

const LIST_FIELDS = "edges {\n      node {\n        id\n        firstName\n        lastName\n        companyName\n        email\n        phone\n        status\n        city\n        tags {\n          name\n          color\n        }\n      }\n      cursor\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n    totalCount";

const SAMPLES = [
  {
    name: "List customers",
    query: `query InfiniteCustomers($first: Int!, $after: String, $filter: CustomerFilter, $search: String) {\n  infiniteCustomers(first: $first, after: $after, filter: $filter, search: $search) {\n    ${LIST_FIELDS}\n  }\n}`,
    variables: { first: 20, search: "okafor", filter: { status: "ACTIVE" } },
  },
  {
    name: "One customer",
    query: "query Customer($selector: CustomerSelector!) {\n  customer(selector: $selector) {\n    id\n    firstName\n    lastName\n    email\n    phone\n    mobilePhone\n    companyName\n    street\n    city\n    state\n    zipCode\n    status\n    tags {\n      id\n      name\n      color\n    }\n    notes\n    quickbooksId\n    createdAt\n    updatedAt\n  }\n}",
    variables: { selector: { id: "cust_1" } },
  },
  {
    name: "Create a customer",
    query: "mutation CreateCustomer($input: CreateCustomerInput!) {\n  createCustomer(input: $input) {\n    id\n    firstName\n    lastName\n    email\n    status\n    createdAt\n  }\n}",
    variables: {
      input: {
        firstName: "Jane",
        lastName: "Doe",
        email: "jane@example.com",
        phone: "555-0200",
        street: "456 Oak Ave",
        city: "Austin",
        state: "TX",
        zipCode: "78702",
        status: "ACTIVE",
        tagIds: ["tag_001"],
      },
    },
  },
  {
    name: "Change a customer",
    query: "mutation UpdateCustomer($id: ID!, $input: UpdateCustomerInput!) {\n  updateCustomer(id: $id, input: $input) {\n    id\n    firstName\n    lastName\n    email\n    phone\n    status\n    updatedAt\n  }\n}",
    variables: { id: "cust_1", input: { phone: "555-0999", notes: "Updated contact preference: email only" } },
  },
  {
    name: "Change many customers",
    query: "mutation BulkUpdateCustomers($input: BulkUpdateCustomersInput!) {\n  bulkUpdateCustomers(input: $input) {\n    success\n    updatedCount\n    errors {\n      id\n      message\n    }\n  }\n}",
    variables: { input: { ids: ["cust_1", "cust_2", "cust_3"], update: { status: "INACTIVE" } } },
  },
  {
    name: "Pages by number",
    query: "query Pages($page: Int, $filter: CustomerFilter) {\n  paginatedCustomers(page: $page, limit: 10, filter: $filter) {\n    data {\n      id\n      lastName\n      companyName\n      city\n    }\n    pagination {\n      total\n      page\n      limit\n      totalPages\n    }\n  }\n}",
    variables: { page: 1, filter: { city: "Seattle" } },
  },
  { name: "Tags", query: "query Tags {\n  tags {\n    id\n    name\n    color\n  }\n}", variables: {} },
];

const TYPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
const INTROSPECTION = `query Schema { __schema { queryType { name } mutationType { name } types { kind name description
  fields { name description args { name description type { ${TYPE} } } type { ${TYPE} } }
  inputFields { name description type { ${TYPE} } } enumValues { name description } } } }`;

const byId = (id) => document.getElementById(id);

/** An element; children are elements or text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

async function send(body) {
  const key = byId("key").value.trim();
  const headers = { "content-type": "application/json" };
  if (key) headers.authorization = `Bearer ${key}`;
  const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function run() {
  const status = byId("status");
  let variables;
  try {
    variables = JSON.parse(byId("variables").value.trim() || "{}");
  } catch (error) {
    status.textContent = `The variables are not JSON: ${error.message}`;
    return;
  }
  status.textContent = "Running…";
  const begun = performance.now();
  try {
    const answer = await send({ query: byId("query").value, variables });
    status.textContent = `HTTP ${answer.status}, ${Math.round(performance.now() - begun)} ms`;
    byId("answer").textContent = pretty(answer.text);
  } catch (error) {
    status.textContent = `No answer: ${error.message}. Is the stack running?`;
  }
}

// ---- The schema ----

function spelled(type) {
  if (type.kind === "NON_NULL") return `${spelled(type.ofType)}!`;
  if (type.kind === "LIST") return `[${spelled(type.ofType)}]`;
  return type.name;
}

function member(one) {
  const args = (one.args || []).map((arg) => `${arg.name}: ${spelled(arg.type)}`).join(", ");
  const text = `${one.name}${args ? `(${args})` : ""}${one.type ? `: ${spelled(one.type)}` : ""}`;
  return el("li", {}, el("code", {}, text), one.description ? ` ${one.description}` : null);
}

function kindOf(type, open) {
  const members = type.fields || type.inputFields || type.enumValues || [];
  const details = el(
    "details",
    open ? { open: "" } : {},
    el("summary", {}, el("code", {}, type.name)),
    type.description ? el("p", { class: "quiet" }, type.description) : null,
    el("ul", {}, ...members.map(member)),
  );
  return details;
}

async function showSchema() {
  const docs = byId("docs");
  try {
    const { data, errors } = JSON.parse((await send({ query: INTROSPECTION })).text);
    if (!data) throw new Error(errors?.[0]?.message || "no answer");
    const roots = [data.__schema.queryType.name, data.__schema.mutationType?.name];
    const types = data.__schema.types.filter((type) => !type.name.startsWith("__") && type.kind !== "SCALAR");
    const rank = (type) => (roots.includes(type.name) ? roots.indexOf(type.name) : roots.length);
    types.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
    docs.replaceChildren(...types.map((type) => kindOf(type, roots.includes(type.name))));
  } catch (error) {
    docs.replaceChildren(el("p", { class: "bad" }, `Cannot read the schema: ${error.message}.`));
  }
}

function choose(sample) {
  byId("query").value = sample.query;
  byId("variables").value = JSON.stringify(sample.variables, null, 2);
}

async function start() {
  const samples = byId("sample");
  samples.append(...SAMPLES.map((sample, at) => el("option", { value: `${at}` }, sample.name)));
  samples.addEventListener("change", () => choose(SAMPLES[Number(samples.value)]));
  choose(SAMPLES[0]);
  byId("run").addEventListener("click", run);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
  });
  byId("key").addEventListener("change", showSchema);
  try {
    byId("key").value = (await (await fetch("/_local/info")).json()).key;
  } catch (error) {
    byId("status").textContent = `Cannot read the key: ${error.message}`;
  }
  await showSchema();
}

start();
