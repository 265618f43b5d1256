// Running an example: it is sent when the person presses Run, and says beforehand if it changes data.

import { callButton } from "../shared/dialog.js";
import { fill, h, newId } from "../shared/dom.js";
import { session } from "../shared/session.js";

/** Returns the controls for a call. `call()` returns it, or throws if what was typed is not valid. */
export function runner(call, { changes }) {
  const status = h("span", { class: "muted small", role: "status" });
  const response = h("pre", { tabindex: "0", hidden: true, "aria-label": "Response" });
  const run = async () => {
    try {
      const made = call();
      const started = performance.now();
      const { status: code, text } = await plainSend(made);
      fill(status, `Status ${code}, ${Math.round(performance.now() - started)} ms`);
      fill(response, pretty(text));
      response.hidden = false;
    } catch (error) {
      fill(status, error.message);
    }
  };
  return h("div", { class: "runner" },
    changes ? h("p", { class: "changes" }, `This changes data: ${changes}`) : "",
    h("div", { class: "actions" }, h("button", { type: "button", class: "primary", on: { click: run } }, "Run"),
      callButton(() => [call()]), status), response);
}

/** A labelled input. */
export function input(title, value, props = {}) {
  const id = newId("input");
  const element = h(props.rows ? "textarea" : "input", { id, spellcheck: "false", autocomplete: "off", ...props, value });
  return { element, field: h("div", { class: "field" }, h("label", { for: id }, title), element) };
}

/** Sends a call and returns the response as it is, errors included. */
async function plainSend(call) {
  const headers = { authorization: `Bearer ${session.key}` };
  if (call.body !== undefined) headers["content-type"] = "application/json";
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const response = await fetch(session.stagePrefix + call.path, { method: call.method, headers, body });
  return { status: response.status, text: await response.text() };
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text || "(empty)";
  }
}
