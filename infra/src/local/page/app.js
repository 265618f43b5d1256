// The page of the local stack: reads the stack's description and its OpenAPI specifications, and builds a form
// for each endpoint. Data from the server is inserted into the page as text, never as markup.
"use strict";

const SHOWN_HEADERS = ["content-type", "etag", "location", "retry-after", "x-amzn-requestid"];
const SHOWN_PREFIXES = ["x-usage-", "x-total-", "x-amzn-errortype", "idempotency"];
const MAX_SHOWN_CHARACTERS = 300000;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "ANY"];

/** Creates an element. Attributes named "on…" are listeners. Children are elements or text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

function copyButton(text) {
  const button = el("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl-C";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

/** Creates a box with a command and a button that copies it. */
function command(text) {
  const pre = el("pre", { class: "wrap" }, text);
  const box = el("div", { class: "copyable" }, pre, copyButton(() => pre.textContent));
  return { box, set: (next) => (pre.textContent = next) };
}

// ---- OpenAPI ----

function resolve(openapi, schema) {
  for (let depth = 0; schema && schema.$ref && depth < 20; depth++) {
    schema = schema.$ref
      .replace(/^#\//, "")
      .split("/")
      .reduce((at, part) => at?.[part.replace(/~1/g, "/").replace(/~0/g, "~")], openapi);
  }
  return schema || {};
}

function typeOf(schema) {
  return Array.isArray(schema.type) ? schema.type.find((type) => type !== "null") : schema.type;
}

/**
 * Returns the writable properties that are required or have an example or default. If there are none, returns all
 * writable properties.
 */
function exampleProperties(openapi, schema) {
  const all = Object.entries(schema.properties || {}).filter(([, property]) => !resolve(openapi, property).readOnly);
  const shown = all.filter(([name, property]) => {
    const { example, examples, default: defaultValue } = resolve(openapi, property);
    return schema.required?.includes(name) || example !== undefined || examples?.length || defaultValue !== undefined;
  });
  return shown.length ? shown : all;
}

/** Returns a value that conforms to a schema, preferably the schema's own example. */
function example(openapi, schema, depth = 0) {
  schema = resolve(openapi, schema);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (depth > 6) return null;
  const choice = (schema.oneOf || schema.anyOf)?.find((option) => typeOf(resolve(openapi, option)) !== "null");
  if (choice) return example(openapi, choice, depth + 1);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(openapi, part, depth + 1)));
  switch (typeOf(schema)) {
    case "object":
      return Object.fromEntries(
        exampleProperties(openapi, schema).map(([name, property]) => [name, example(openapi, property, depth + 1)]),
      );
    case "array":
      return [example(openapi, schema.items, depth + 1)];
    case "boolean":
      return false;
    case "integer":
    case "number":
      return 0;
    case "string":
      return "";
    default:
      return null;
  }
}

function exampleBody(openapi, operation) {
  const content = resolve(openapi, operation.requestBody).content || {};
  const [kind, media] = Object.entries(content).find(([name]) => name.includes("json")) || Object.entries(content)[0] || [];
  if (!kind) return undefined;
  const named = Object.values(media.examples || {})[0];
  const value = media.example ?? resolve(openapi, named)?.value ?? example(openapi, media.schema);
  return { kind, text: typeof value === "string" ? value : JSON.stringify(value, null, 2) };
}

/** Returns the parameters of an endpoint, including path parameters that the specification does not list. */
function parameters(openapi, item, operation, path) {
  const listed = [...(item?.parameters || []), ...(operation.parameters || [])];
  const all = listed.map((parameter) => resolve(openapi, parameter));
  for (const [, name] of path.matchAll(/\{([^}+]+)\+?\}/g)) {
    const isListed = all.some((parameter) => parameter.in === "path" && parameter.name === name);
    if (!isListed) all.unshift({ name, in: "path", required: true });
  }
  return all.filter((parameter) => ["path", "query", "header"].includes(parameter.in));
}

// ---- One endpoint ----

/** Sample values by path parameter, and the fields to fill with them unless the user has edited the field. */
const samples = { values: {}, fields: [] };

function setSample(name, value) {
  samples.values[name] = value;
  for (const field of samples.fields) {
    if (field.name === name && !field.input.dataset.edited) {
      field.input.value = value;
      field.input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

/** Uses the customer that was just created as the sample for the other endpoints. */
function setSamplesFrom(json) {
  const data = json?.data ?? json;
  const created = data?.customer_id ? { id: data.customer_id, contact_id: data.id } : data;
  for (const name of Object.keys(samples.values)) {
    if (typeof created?.[name] === "string") setSample(name, created[name]);
  }
}

function fieldFor(openapi, parameter, id) {
  const schema = resolve(openapi, parameter.schema);
  const choices = schema.enum || (typeOf(schema) === "boolean" ? ["true", "false"] : undefined);
  const hint = [parameter.description, schema.default !== undefined ? `Default ${schema.default}.` : ""].join(" ").trim();
  const attributes = { id, autocomplete: "off", spellcheck: "false", "aria-describedby": hint ? `${id}-hint` : undefined };
  const input = choices
    ? el("select", attributes, ...["", ...choices.filter((c) => c !== null)].map((c) => el("option", { value: c }, `${c}`)))
    : el("input", attributes);
  const first = parameter.example ?? Object.values(parameter.examples || {})[0]?.value ?? schema.example;
  if (parameter.in === "path") {
    input.value = samples.values[parameter.name] ?? first ?? "";
    input.addEventListener("change", () => (input.dataset.edited = "yes"));
    samples.fields.push({ name: parameter.name, input });
  } else if (first !== undefined && !choices) {
    input.placeholder = `e.g. ${first}`;
  }
  const label = el("label", { for: id }, el("code", {}, parameter.name), parameter.in === "query" ? "" : ` (${parameter.in})`);
  const box = el("div", { class: "field" }, label, input, hint ? el("span", { class: "hint", id: `${id}-hint` }, hint) : null);
  return { parameter, input, box };
}

/** Returns the request that the form currently describes. */
function request(route, fields, body) {
  let path = route.path;
  const query = new URLSearchParams();
  const headers = { Authorization: `Bearer ${document.getElementById("key").value}` };
  for (const { parameter, input } of fields) {
    const value = input.value;
    if (parameter.in === "path") {
      path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
      path = path.replace(`{${parameter.name}+}`, value.split("/").map(encodeURIComponent).join("/"));
    } else if (value !== "" && parameter.in === "query") {
      query.append(parameter.name, value);
    } else if (value !== "") {
      headers[parameter.name] = value;
    }
  }
  const text = body?.input.value.trim() ? body.input.value : undefined;
  if (text !== undefined) headers["Content-Type"] = body.kind;
  const target = query.size ? `${path}?${query}` : path;
  return { method: route.method === "ANY" ? "GET" : route.method, target, headers, body: text };
}

function curl(base, { method, target, headers, body }) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = [`curl -s ${method === "GET" ? "" : `-X ${method} `}${quote(base + target)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`--data ${quote(body)}`);
  return parts.join(" \\\n  ");
}

async function send(info, request) {
  const started = performance.now();
  const response = await fetch(info.stage_prefix + request.target, {
    method: request.method,
    headers: request.headers,
    body: request.body,
    cache: "no-store",
    credentials: "omit",
    redirect: "manual",
  });
  const text = await response.text();
  return { response, text, milliseconds: performance.now() - started };
}

/** Returns JSON with syntax highlighting, as text and elements. */
function highlight(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g)) {
    parts.push(text.slice(end, match.index));
    const kind = match[2] ? "k" : match[1] ? "s" : "n";
    parts.push(el("span", { class: kind }, match[1] ?? match[0]), match[2] ?? "");
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

function responseView({ response, text, milliseconds }) {
  const status = el(
    "div",
    { class: "status" },
    el("span", { class: response.ok ? "good" : "bad" }, `${response.status} ${response.statusText}`.trim()),
    el("span", { class: "muted" }, `${milliseconds.toFixed(0)} ms`),
    el("span", { class: "muted" }, `${new Blob([text]).size} bytes`),
  );
  const shown = [...response.headers].filter(
    ([name]) => SHOWN_HEADERS.includes(name) || SHOWN_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  const headers = el("pre", { class: "wrap" }, shown.map(([name, value]) => `${name}: ${value}`).join("\n"));
  let body = el("p", { class: "muted" }, "No body.");
  if (text.length > MAX_SHOWN_CHARACTERS) {
    const shownText = text.slice(0, MAX_SHOWN_CHARACTERS);
    body = el("pre", {}, `${shownText}\n… truncated; the full response has ${text.length} characters`);
  } else if (text) {
    let pretty;
    try {
      pretty = highlight(JSON.stringify(JSON.parse(text), null, 2));
    } catch {
      pretty = [text]; // not JSON, for example CSV
    }
    body = el("pre", { tabindex: "0" }, ...pretty);
  }
  return el("div", { class: "response" }, status, headers, body);
}

function endpoint(info, openapi, route, at) {
  const item = openapi.paths?.[route.path];
  const operation = item?.[route.method.toLowerCase()] || {};
  const fields = parameters(openapi, item, operation, route.path).map((parameter, nth) =>
    fieldFor(openapi, parameter, `field-${at}-${nth}`),
  );
  const first = exampleBody(openapi, operation);
  const body = first && {
    kind: first.kind,
    input: el("textarea", { id: `body-${at}`, spellcheck: "false", rows: String(first.text.split("\n").length + 1) }, first.text),
  };
  const shell = command("");
  const refresh = () => shell.set(curl(info.url, request(route, fields, body)));
  const result = el("div", { "aria-live": "polite" });
  const button = el("button", { class: "send", type: "submit" }, "Send");

  const submit = async (event) => {
    event.preventDefault();
    const remote = info.storage.kind === "remote" && route.method !== "GET";
    if (remote && !confirm(`This request changes records in the DynamoDB at ${info.storage.at}. Send it?`)) return;
    button.disabled = true;
    try {
      const sent = await send(info, request(route, fields, body));
      result.replaceChildren(responseView(sent));
      if (sent.response.status === 201) setSamplesFrom(JSON.parse(sent.text));
    } catch (error) {
      const message = `The request failed: ${error.message}. Check that the stack is still running.`;
      result.replaceChildren(el("p", { class: "bad" }, message));
    }
    button.disabled = false;
  };
  const form = el(
    "form",
    { onsubmit: submit, oninput: refresh, class: "fields" },
    ...fields.map((field) => field.box),
    body &&
      el("div", { class: "field full-width" }, el("label", { for: `body-${at}` }, `Body (${body.kind})`), body.input),
    el("div", { class: "full-width" }, button),
  );
  document.getElementById("key").addEventListener("input", refresh);
  refresh();
  const text = operation.description && operation.description !== operation.summary ? operation.description : undefined;
  return el(
    "details",
    { class: "route" },
    el(
      "summary",
      {},
      el("span", { class: `method ${route.method.toLowerCase()}` }, route.method),
      el("code", { class: "path" }, route.path),
      el("span", { class: "summary" }, operation.summary || route.function),
    ),
    el("div", { class: "content" }, text ? el("p", {}, text) : null, form, shell.box, result,
      el("p", { class: "muted" }, "Handled by the function ", el("code", {}, route.function), ".")),
  );
}

// ---- The page ----

function storage({ kind, at }) {
  if (kind === "temporary") return "In a temporary folder, deleted on exit. To keep it, start the stack with --data DIR.";
  return kind === "folder" ? `In ${at}` : `In the DynamoDB at ${at}`;
}

function facts(info) {
  const rows = [
    ["Base URL", el("code", {}, info.url), copyButton(() => info.url)],
    ["Key", el("code", {}, info.key), copyButton(() => info.key)],
    ["Tenant", info.tenant],
    ["Records", storage(info.storage)],
  ];
  for (const [name, ...value] of rows) {
    document.getElementById("facts").append(el("dt", {}, name), el("dd", {}, ...value));
  }
  document.getElementById("first").append(command(info.curl).box);
  document.getElementById("key").value = info.key;
}

async function start() {
  const routes = document.getElementById("routes");
  try {
    const read = async (path) => (await fetch(path, { cache: "no-store" })).json();
    const info = await read("/_local/info");
    const specifications = await Promise.all(info.specifications.map(({ url }) => read(url)));
    const specificationOf = (route) => specifications.find((one) => one.paths?.[route.path]) || {};
    samples.values = { ...info.samples };
    facts(info);
    // Keep the order of the paths, and sort the methods of each path as in METHODS.
    const order = info.routes.map((route) => route.path);
    const rank = (route) => order.indexOf(route.path) * METHODS.length + METHODS.indexOf(route.method);
    info.routes.sort((a, b) => rank(a) - rank(b));
    routes.replaceChildren(...info.routes.map((route, at) => endpoint(info, specificationOf(route), route, at)));
    routes.querySelector("details")?.setAttribute("open", "");
  } catch (error) {
    const message = `Cannot load the endpoints: ${error.message}. Check that the stack is running.`;
    routes.replaceChildren(el("p", { class: "bad" }, message));
  }
}

start();
