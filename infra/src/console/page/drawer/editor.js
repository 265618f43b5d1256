// Editing in place: a value becomes an input, and the API's own error appears below it.

import { failed, toast } from "../shared/dialog.js";
import { fill, h, newId } from "../shared/dom.js";
import { change, textOf, valueOf } from "./fields.js";

/** Returns a field with its value, which can be edited. */
export function editable(field, context) {
  const id = newId("field");
  const term = h("dt", { id }, field.title);
  const place = h("dd", {});
  const state = { field, context, place, label: id, value: field.read(context.record) };
  if (field.kind === "flag") flag(state);
  else show(state);
  return [term, place];
}

function show(state, focus = false) {
  const { field, place, label, value } = state;
  const text = textOf(field, value);
  const button = h("button", { type: "button", class: text ? "value" : "value none", id: `${label}-value`,
    "aria-labelledby": `${label} ${label}-value`, title: "Edit", on: { click: () => edit(state) } }, text || "–");
  fill(place, button);
  if (focus) button.focus();
}

/** A yes or no is changed with one click. */
function flag(state) {
  const { place, label } = state;
  const box = h("input", { type: "checkbox", checked: Boolean(state.value), "aria-labelledby": label });
  const error = h("p", { class: "error", role: "alert" });
  box.addEventListener("change", async () => {
    box.disabled = true;
    fill(error);
    try {
      await save(state, box.checked, () => { box.checked = Boolean(state.value); });
    } catch (failure) {
      box.checked = Boolean(state.value);
      fill(error, failure.message);
    }
    box.disabled = false;
  });
  fill(place, h("span", { class: "flag" }, box), error);
}

function edit(state) {
  const { field, place, label } = state;
  const input = control(field, state.value, label);
  const errorId = `${label}-error`;
  const error = h("p", { class: "error", id: errorId, role: "alert" });
  const cancel = () => show(state, true);
  const submit = async (event) => {
    event?.preventDefault();
    input.disabled = true;
    try {
      const value = valueOf(field, input.value);
      if (textOf(field, value) === textOf(field, state.value)) cancel();
      else await save(state, value, () => show(state, true));
    } catch (failure) {
      input.disabled = false;
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", errorId);
      fill(error, failure.message);
      input.focus();
    }
  };
  const form = h("form", { class: "edit", on: { submit } }, input,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Save"),
      h("button", { type: "button", on: { click: cancel } }, "Cancel")), error);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      cancel();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  });
  fill(place, form);
  input.focus();
  input.select?.();
}

function control(field, value, label) {
  if (field.choices) {
    const select = h("select", { "aria-labelledby": label },
      field.choices.map(([choice, text]) => h("option", { value: choice }, text)));
    select.value = value ?? "";
    return select;
  }
  const text = value === null || value === undefined ? "" : field.kind === "json" ? JSON.stringify(value, null, 2) : String(value);
  if (field.kind === "long" || field.kind === "json") {
    return h("textarea", { rows: "4", "aria-labelledby": label, value: text, spellcheck: field.kind === "long" ? "true" : "false" });
  }
  return h("input", { type: "text", "aria-labelledby": label, value: text, autocomplete: "off",
    inputmode: field.kind === "number" ? "decimal" : "text" });
}

/** Saves a value, and offers to put the former one back. */
async function save(state, value, shown) {
  const { field, context } = state;
  const { id, record, saved } = context;
  const former = state.value;
  const call = await change(field, id, record.trades?.uuid, value);
  const apply = (current) => {
    state.value = current;
    saved(field, current);
    shown();
  };
  apply(value);
  context.calls.push(call);
  toast(`${field.title} is saved.`, { calls: [call], undo: async () => {
    try {
      await change(field, id, record.trades?.uuid, former ?? null);
      apply(former);
      toast(`${field.title} is as before.`);
    } catch (error) {
      failed(error);
    }
  } });
}
