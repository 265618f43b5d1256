// The page of the local stack: reads what runs here and the OpenAPI document, and makes a form of each endpoint.
// Whatever comes from outside reaches the document as text, never as markup.
"use strict";

const SHOWN_HEADERS = ["content-type", "etag", "location", "retry-after", "x-amzn-requestid"];
const SHOWN_PREFIXES = ["x-usage-", "x-total-", "x-amzn-errortype", "idempotency"];
const LONGEST_SHOWN = 300000;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "ANY"];

/** An element. Attributes that begin with "on" are listeners; children are elements or text. */
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

/** A command in a box with a button that copies it. */
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

/** The members of an object worth showing: those it needs and those with an example; all where there are none. */
function members(openapi, schema) {
  const all = Object.entries(schema.properties || {}).filter(([, property]) => !resolve(openapi, property).readOnly);
  const shown = all.filter(([name, property]) => {
    const { example, examples, default: usual } = resolve(openapi, property);
    return schema.required?.includes(name) || example !== undefined || examples?.length || usual !== undefined;
  });
  return shown.length ? shown : all;
}

/** A value that fits a schema: its own example where it has one. */
function example(openapi, schema, depth = 0) {
  schema = resolve(openapi, schema);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (depth > 6) return null;
  const choice = (schema.oneOf || schema.anyOf)?.find((one) => typeOf(resolve(openapi, one)) !== "null");
  if (choice) return example(openapi, choice, depth + 1);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(openapi, part, depth + 1)));
  switch (typeOf(schema)) {
    case "object":
      return Object.fromEntries(
        members(openapi, schema).map(([name, property]) => [name, example(openapi, property, depth + 1)]),
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

/** The parameters of an endpoint; those of the path are there even where the document does not name them. */
function parameters(openapi, item, operation, path) {
  const all = [...(item?.parameters || []), ...(operation.parameters || [])].map((one) => resolve(openapi, one));
  for (const [, name] of path.matchAll(/\{([^}+]+)\+?\}/g)) {
    if (!all.some((one) => one.in === "path" && one.name === name)) all.unshift({ name, in: "path", required: true });
  }
  return all.filter((one) => ["path", "query", "header"].includes(one.in));
}

// ---- One endpoint ----

/** Values known to work in a path, by parameter: they fill the fields nobody has typed in. */
const known = { values: {}, fields: [] };

function learn(name, value) {
  known.values[name] = value;
  for (const field of known.fields) {
    if (field.name === name && !field.input.dataset.typed) {
      field.input.value = value;
      field.input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

/** A customer just made is the one to read, change and delete next. */
function learnFrom(answer) {
  const made = answer?.data ?? answer;
  for (const name of Object.keys(known.values)) {
    if (typeof made?.[name] === "string") learn(name, made[name]);
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
    input.value = known.values[parameter.name] ?? first ?? "";
    input.addEventListener("change", () => (input.dataset.typed = "yes"));
    known.fields.push({ name: parameter.name, input });
  } else if (first !== undefined && !choices) {
    input.placeholder = `e.g. ${first}`;
  }
  const label = el("label", { for: id }, el("code", {}, parameter.name), parameter.in === "query" ? "" : ` (${parameter.in})`);
  const box = el("div", { class: "field" }, label, input, hint ? el("span", { class: "hint", id: `${id}-hint` }, hint) : null);
  return { parameter, input, box };
}

/** What the form says now: the path with its query, the headers, the body. */
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

async function send(call) {
  const started = performance.now();
  const response = await fetch(call.target, {
    method: call.method,
    headers: call.headers,
    body: call.body,
    cache: "no-store",
    credentials: "omit",
    redirect: "manual",
  });
  const text = await response.text();
  return { response, text, milliseconds: performance.now() - started };
}

/** JSON with its parts colored, as elements. */
function colored(text) {
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

function answer({ response, text, milliseconds }) {
  const status = el(
    "div",
    { class: "status" },
    el("span", { class: response.ok ? "good" : "bad" }, `${response.status} ${response.statusText}`.trim()),
    el("span", { class: "quiet" }, `${milliseconds.toFixed(0)} ms`),
    el("span", { class: "quiet" }, `${new Blob([text]).size} bytes`),
  );
  const shown = [...response.headers].filter(
    ([name]) => SHOWN_HEADERS.includes(name) || SHOWN_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  const headers = el("pre", { class: "wrap" }, shown.map(([name, value]) => `${name}: ${value}`).join("\n"));
  let body = el("p", { class: "quiet" }, "No body.");
  if (text.length > LONGEST_SHOWN) {
    body = el("pre", {}, `${text.slice(0, LONGEST_SHOWN)}\n… cut here: the whole answer is ${text.length} characters`);
  } else if (text) {
    let pretty;
    try {
      pretty = colored(JSON.stringify(JSON.parse(text), null, 2));
    } catch {
      pretty = [text]; // not JSON, CSV for example
    }
    body = el("pre", { tabindex: "0" }, ...pretty);
  }
  return el("div", { class: "answer" }, status, headers, body);
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
    if (remote && !confirm(`This changes records in the DynamoDB at ${info.storage.at}. Send it?`)) return;
    button.disabled = true;
    try {
      const sent = await send(request(route, fields, body));
      result.replaceChildren(answer(sent));
      if (sent.response.status === 201) learnFrom(JSON.parse(sent.text));
    } catch (error) {
      result.replaceChildren(el("p", { class: "bad" }, `No answer: ${error.message}. Is the stack still running?`));
    }
    button.disabled = false;
  };
  const form = el(
    "form",
    { onsubmit: submit, oninput: refresh, class: "fields" },
    ...fields.map((field) => field.box),
    body && el("div", { class: "field whole" }, el("label", { for: `body-${at}` }, `Body (${body.kind})`), body.input),
    el("div", { class: "whole" }, button),
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
      el("span", { class: "what" }, operation.summary || route.function),
    ),
    el("div", { class: "inside" }, text ? el("p", {}, text) : null, form, shell.box, result,
      el("p", { class: "quiet" }, "Answered by the function ", el("code", {}, route.function), ".")),
  );
}

// ---- The page ----

function storage({ kind, at }) {
  if (kind === "temporary") return "In a temporary folder: gone when the stack stops. Start it with --data DIR to keep them.";
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
    const [info, openapi] = await Promise.all([read("/_local/info"), read("/openapi.json")]);
    known.values = { ...info.samples };
    facts(info);
    // Paths in the order they came, and under each the reading method first.
    const order = info.routes.map((route) => route.path);
    const rank = (route) => order.indexOf(route.path) * METHODS.length + METHODS.indexOf(route.method);
    info.routes.sort((one, other) => rank(one) - rank(other));
    routes.replaceChildren(...info.routes.map((route, at) => endpoint(info, openapi, route, at)));
    routes.querySelector("details")?.setAttribute("open", "");
  } catch (error) {
    routes.replaceChildren(el("p", { class: "bad" }, `Cannot read the endpoints: ${error.message}. Is the stack running?`));
  }
}

start();
