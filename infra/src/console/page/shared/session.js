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

/** A call of one of the console's own routes, below `/console/api/`: with a body in JSON, or with a file as it is. */
export function own(method, path, body, file) {
  return { kind: "own", method, path: `/console/api/${path}`, body, file };
}

/** Sends a call that `own` describes, and returns its data. */
export async function local(call) {
  const { method, path, body, file } = call;
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const content = file ?? (body === undefined ? undefined : JSON.stringify(body));
  const failure = (message) => Object.assign(new Error(message), { call });
  let response;
  try {
    response = await fetch(path, { method, headers, body: content });
  } catch {
    throw failure("The console's server does not respond. Check that the command in the terminal is still running.");
  }
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const data = isJson && text ? JSON.parse(text) : text;
  if (!response.ok) throw failure(data?.error ?? (text || `The console's server responded with ${response.status}.`));
  return data;
}
