// The GraphQL page of the local stack: runs documents of each GraphQL API and shows its schema, which it reads by
// introspection.
// Data from the server is inserted into the page as text, never as markup.
"use strict";

const LIST_FIELDS = "edges {\n      node {\n        id\n        firstName\n        lastName\n        companyName\n        email\n        phone\n        status\n        city\n        tags {\n          name\n          color\n        }\n      }\n      cursor\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n    totalCount";

const POOL_SAMPLES = [
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

const NODE_FIELDS = "id\n        _id\n        full_name\n        email\n        location\n        expenses\n        orders_count\n        tags\n        created_at";

const FUNNELS_SAMPLES = [
  {
    name: "List customers",
    query: `query Customers($query: String!, $first: Int, $after: String) {\n  customers(query: $query, first: $first, after: $after) {\n    edges {\n      node {\n        ${NODE_FIELDS}\n      }\n      cursor\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}`,
    variables: { query: "order_by:last_name order_dir:asc", first: 20 },
  },
  {
    name: "One customer",
    query: "query Customer($id: ID!) {\n  node(id: $id) {\n    ... on Customer {\n      id\n      full_name\n      phone\n      notes\n      custom\n      created_at(format: \"YYYY-MM-DD HH:mm\")\n      shipping_address {\n        toString\n      }\n      orders(first: 5) {\n        name\n        date\n        total\n        financial_status\n      }\n    }\n  }\n}",
    variables: { id: 1 },
  },
  {
    name: "Create a customer",
    query: "mutation Create($node: InputCustomer!) {\n  createCustomer(node: $node) {\n    id\n    full_name\n    avatar\n  }\n}",
    variables: {
      node: {
        email: "jane@example.com",
        phone: "555-0200",
        first_name: "Jane",
        last_name: "Doe",
        accepts_marketing: true,
        tags: ["newsletter"],
      },
    },
  },
  {
    name: "Change a customer",
    query: "mutation Update($id: ID!, $node: InputUpdateCustomer!) {\n  updateCustomer(id: $id, node: $node) {\n    id\n    notes\n    updated_at\n  }\n}",
    variables: { id: 1, node: { notes: "Prefers email" } },
  },
];

const APIS = [
  { name: "pool", path: "/graphql", samples: POOL_SAMPLES },
  { name: "funnels", path: "/api/v2", samples: FUNNELS_SAMPLES },
];

const TYPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
const INTROSPECTION = `query Schema { __schema { queryType { name } mutationType { name } types { kind name description
  fields { name description args { name description type { ${TYPE} } } type { ${TYPE} } }
  inputFields { name description type { ${TYPE} } } enumValues { name description } } } }`;

const byId = (id) => document.getElementById(id);

/** Creates an element. Children are elements or text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

// The start of the APIs' paths, from the local stack's description of itself.
let stagePrefix = "";

/** Returns the selected API. */
function api() {
  return APIS[Number(byId("api").value)];
}

async function send(body) {
  const key = byId("key").value.trim();
  const headers = { "content-type": "application/json" };
  if (key) headers.authorization = `Bearer ${key}`;
  const response = await fetch(`${stagePrefix}${api().path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
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
    status.textContent = `The variables are not valid JSON: ${error.message}`;
    return;
  }
  status.textContent = "Running…";
  const started = performance.now();
  try {
    const response = await send({ query: byId("query").value, variables });
    status.textContent = `HTTP ${response.status}, ${Math.round(performance.now() - started)} ms`;
    byId("response").textContent = pretty(response.text);
  } catch (error) {
    status.textContent = `The request failed: ${error.message}. Check that the stack is running.`;
  }
}

// ---- The schema ----

function formatType(type) {
  if (type.kind === "NON_NULL") return `${formatType(type.ofType)}!`;
  if (type.kind === "LIST") return `[${formatType(type.ofType)}]`;
  return type.name;
}

function fieldItem(field) {
  const args = (field.args || []).map((arg) => `${arg.name}: ${formatType(arg.type)}`).join(", ");
  const text = `${field.name}${args ? `(${args})` : ""}${field.type ? `: ${formatType(field.type)}` : ""}`;
  return el("li", {}, el("code", {}, text), field.description ? ` ${field.description}` : null);
}

function typeDetails(type, open) {
  const fields = type.fields || type.inputFields || type.enumValues || [];
  const details = el(
    "details",
    open ? { open: "" } : {},
    el("summary", {}, el("code", {}, type.name)),
    type.description ? el("p", { class: "muted" }, type.description) : null,
    el("ul", {}, ...fields.map(fieldItem)),
  );
  return details;
}

async function showSchema() {
  const docs = byId("docs");
  try {
    const { data, errors } = JSON.parse((await send({ query: INTROSPECTION })).text);
    if (!data) throw new Error(errors?.[0]?.message || "the response contains no data");
    const roots = [data.__schema.queryType.name, data.__schema.mutationType?.name];
    const types = data.__schema.types.filter((type) => !type.name.startsWith("__") && type.kind !== "SCALAR");
    const rank = (type) => (roots.includes(type.name) ? roots.indexOf(type.name) : roots.length);
    types.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
    docs.replaceChildren(...types.map((type) => typeDetails(type, roots.includes(type.name))));
  } catch (error) {
    docs.replaceChildren(el("p", { class: "bad" }, `Cannot load the schema: ${error.message}.`));
  }
}

function select(sample) {
  byId("query").value = sample.query;
  byId("variables").value = JSON.stringify(sample.variables, null, 2);
}

function options(choices) {
  return choices.map((choice, at) => el("option", { value: `${at}` }, choice.name));
}

function selectApi() {
  byId("path").textContent = api().path;
  byId("sample").replaceChildren(...options(api().samples));
  select(api().samples[0]);
}

async function start() {
  const samples = byId("sample");
  byId("api").append(...options(APIS));
  byId("api").addEventListener("change", () => {
    selectApi();
    showSchema();
  });
  samples.addEventListener("change", () => select(api().samples[Number(samples.value)]));
  selectApi();
  byId("run").addEventListener("click", run);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
  });
  byId("key").addEventListener("change", showSchema);
  try {
    const info = await (await fetch("/console/api/info")).json();
    byId("key").value = info.key;
    stagePrefix = info.stage_prefix;
  } catch (error) {
    byId("status").textContent = `Cannot load the API key: ${error.message}`;
  }
  await showSchema();
}

start();
