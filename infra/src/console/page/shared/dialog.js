// Dialogs, messages with an undo, and the dialog that shows API calls.

import { curl } from "./api.js";
import { fill, h, newId } from "./dom.js";

/** Opens a dialog. `build(close)` returns its content. Resolves when it is closed. */
export function openDialog(title, build, { wide = false } = {}) {
  return new Promise((resolve) => {
    const id = newId("dialog");
    const dialog = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id });
    const close = (result) => {
      dialog.returned = result;
      dialog.close();
    };
    const head = h("div", { class: "dialog-head" }, h("h2", { id }, title),
      h("button", { type: "button", class: "quiet", "aria-label": "Close", on: { click: () => close() } }, "Close"));
    dialog.append(head, h("div", { class: "dialog-body" }, build(close)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returned);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks before something that cannot be taken back. Resolves to whether the person agrees. */
export function confirmation(title, text, verb) {
  return openDialog(title, (close) => [
    h("p", {}, text),
    h("div", { class: "actions end" },
      h("button", { type: "button", on: { click: () => close(false) } }, "Cancel"),
      h("button", { type: "button", class: "danger", on: { click: () => close(true) } }, verb)),
  ]);
}

/** Shows a message at the bottom, with an undo and the calls that were made. */
export function toast(message, { undo, calls, bad = false } = {}) {
  const list = document.getElementById("toasts");
  const element = h("div", { class: bad ? "toast bad" : "toast" }, h("span", {}, message));
  const close = () => element.remove();
  if (undo) {
    element.append(h("button", { type: "button", on: { click: async () => {
      close();
      try {
        await undo();
      } catch (error) {
        failed(error);
      }
    } } }, "Undo"));
  }
  if (calls?.length) element.append(callButton(() => calls));
  element.append(h("button", { type: "button", class: "quiet", "aria-label": "Dismiss", on: { click: close } }, "✕"));
  list.append(element);
  while (list.children.length > 3) list.firstElementChild.remove();
  let timer = setTimeout(close, bad ? 15_000 : 10_000);
  element.addEventListener("mouseenter", () => clearTimeout(timer));
  element.addEventListener("mouseleave", () => { timer = setTimeout(close, 5_000); });
}

/** Shows an error, unless the request was only abandoned. */
export function failed(error) {
  if (error?.name === "AbortError") return;
  toast(error.message, { bad: true, calls: error.call ? [error.call] : [] });
}

/** A button that shows the API calls behind an action. */
export function callButton(calls, text = "Show API call") {
  return h("button", { type: "button", class: "quiet", on: { click: () => showCalls(calls()) } }, text);
}

function showCalls(calls) {
  const list = calls.filter(Boolean);
  openDialog(list.length === 1 ? "API call" : "API calls", () => list.length
    ? [list.some(({ kind }) => kind !== "own") ? h("p", { class: "muted" }, "The commands take the key from the variable KEY.") : "",
      ...list.map(callText)]
    : h("p", {}, "No API call has been made yet."));
}

function callText(call) {
  const name = call.kind === "graphql" ? `GraphQL, ${call.api}` : `${call.method} ${call.path.split("?")[0]}`;
  const text = h("pre", { tabindex: 0 });
  const forms = call.kind === "graphql" ? ["GraphQL", "curl"] : ["curl"];
  const textOf = (form) => form === "curl" ? curl(call)
    : call.document + (call.variables ? `\n\n# Variables\n${JSON.stringify(call.variables, null, 2)}` : "");
  let form = forms[0];
  const buttons = forms.map((name) => h("button", { type: "button", "aria-pressed": String(name === form),
    on: { click: () => show(name) } }, name));
  const show = (name) => {
    form = name;
    fill(text, textOf(form));
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.textContent === form));
  };
  show(form);
  const copied = h("span", { class: "muted small", role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      fill(copied, "Copied");
    } catch {
      fill(copied, "The browser does not allow copying; select the text instead.");
    }
  };
  return h("section", { class: "call" }, h("h3", {}, name), text,
    h("div", { class: "actions" }, forms.length > 1 ? buttons : [],
      h("button", { type: "button", on: { click: copy } }, "Copy"), copied));
}
