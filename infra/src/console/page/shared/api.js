// Calls of the public APIs. Every call keeps what is needed to show it as curl or as a GraphQL document.

import { session } from "./session.js";

/** A response that is an error, with the text for the person and, where the API names them, the fields. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = "", fields = {}, call } = {}) {
    super(message);
    Object.assign(this, { status, code, fields, call });
  }
}

/** Sends one request. Returns `{ data, headers, status, text, call }`, or throws an ApiError. */
export async function send(call, { signal } = {}) {
  const headers = { authorization: `Bearer ${session.key}`, ...call.headers };
  if (call.body !== undefined) headers["content-type"] = "application/json";
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  let response;
  let text;
  try {
    response = await fetch(session.stagePrefix + call.path, { method: call.method, headers, body, signal });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The API does not respond. Check that the command in the terminal is still running.", { call });
  }
  const isJson = response.headers.get("content-type")?.includes("json");
  const data = isJson && text ? JSON.parse(text) : text;
  const result = { data, text, headers: response.headers, status: response.status, call };
  const error = errorOf(call, result);
  if (error) throw error;
  return result;
}

/** A REST call of trades, erp or pool's files. */
export function rest(method, path, body, headers) {
  return { kind: "rest", method, path, body, headers };
}

/** A GraphQL call: `api` is `pool` or `funnels`. */
export function graphql(api, document, variables, headers) {
  const path = api === "pool" ? "/graphql" : "/api/v2";
  return { kind: "graphql", api, method: "POST", path, headers, document, variables,
    body: variables ? { query: document, variables } : { query: document } };
}

function errorOf(call, { data, status, text }) {
  if (call.kind === "graphql" && data?.errors?.length && !call.partial) return graphqlError(call, data.errors, status);
  if (status < 400) return null;
  if (data?.errors?.length) return graphqlError(call, data.errors, status);
  const error = data?.error;
  const details = error?.details ?? data?.details ?? [];
  const fields = Object.fromEntries(details.map(({ field, message }) => [field, message]));
  const message = (typeof error === "string" ? error : error?.message) ?? data?.message ?? (text || `Status ${status}`);
  return new ApiError(inWords(message, status), { status, code: error?.code ?? "", fields, call });
}

function graphqlError(call, errors, status) {
  const fields = {};
  for (const { message, path, extensions } of errors) {
    for (const part of message.split(/; (?=[\w.]+: )/)) {
      const [, field, reason] = /^([\w.]+): (.*)$/s.exec(part) ?? [];
      if (field) fields[field.replace(/^(node|input)\./, "")] = reason;
      else if (extensions?.fields?.length === 1) fields[extensions.fields[0]] = part;
      else if (call.api === "funnels" && path?.[0] === "node") fields[path.slice(1).join(".")] = part;
    }
  }
  const { message, extensions, key } = errors[0];
  return new ApiError(inWords(message, status), { status, code: extensions?.code ?? key ?? "", fields, call });
}

/** Adds what to do next to the errors that a person can do something about. */
function inWords(message, status) {
  if (status === 401) return `${message}. The key is not valid: reload the page, or enter another key under Keys.`;
  if (status === 403) return `${message}. Check the scopes and the monthly limit under Keys.`;
  if (status === 429) return `${message}. Wait for some seconds, then try again.`;
  return message;
}

/** Returns a value for the header Idempotency-Key. */
export function idempotencyKey() {
  return { "idempotency-key": crypto.randomUUID() };
}

/** Returns the call as a command for a shell. The key is the variable KEY; the console's own routes take none. */
export function curl(call) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl -s"];
  const isPost = call.method === "POST" && (call.body !== undefined || call.file);
  if (call.method !== "GET" && !isPost) parts.push(`-X ${call.method}`);
  if (call.kind === "own") parts.push(quote(location.origin + call.path));
  else parts.push(quote(session.url + call.path), `-H "Authorization: Bearer $KEY"`);
  for (const [name, value] of Object.entries(call.headers ?? {})) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (call.body !== undefined) parts.push(`--json ${quote(JSON.stringify(call.body))}`);
  if (call.file) parts.push(`--data-binary ${quote(`@${call.file.name}`)}`);
  return parts.join(" \\\n  ");
}
