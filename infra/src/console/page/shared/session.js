// The description of what is being served, and the API key. The key stays in memory and, if it was typed in, in the
// storage of this tab; it is never in a URL.

const STORED_KEY = "clientele-key";

/** What `/console/api/info` describes. */
export const session = { url: location.origin, stagePrefix: "", tenant: "", can: {}, key: "" };

/** Reads the description. */
export async function openSession() {
  const response = await fetch("/console/api/info");
  if (!response.ok) throw new Error(await response.text());
  const info = await response.json();
  Object.assign(session, info, { stagePrefix: info.stage_prefix ?? "", can: info.can ?? {} });
  session.key = info.key || sessionStorage.getItem(STORED_KEY) || "";
}

/** Uses a key that was typed in, until the tab is closed. */
export function useKey(key) {
  session.key = key.trim();
  sessionStorage.setItem(STORED_KEY, session.key);
}

/** Calls one of the console's own routes, below `/console/api/`. */
export async function local(path, { method = "GET", body, raw, signal } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  let response;
  try {
    response = await fetch(`/console/api/${path}`, { method, headers, body: content, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The console's server does not respond. Check that the command in the terminal is still running.");
  }
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const data = isJson && text ? JSON.parse(text) : text;
  if (!response.ok) throw new Error(data?.error ?? (text || `The console's server responded with ${response.status}.`));
  return data;
}
