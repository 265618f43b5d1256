// The contact people of a customer, through the erp API.

import { idempotencyKey, rest, send } from "../shared/api.js";
import { callButton, failed, openDialog, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";

const FIELDS = [["name", "Name"], ["title", "Title"], ["email", "Email"], ["phone", "Phone"]];

/** Returns the section with the contacts. */
export function contactsSection(context) {
  const list = h("ul", { class: "plain" });
  const state = { context, list, calls: [], contacts: context.record.erp?.contacts ?? [] };
  show(state);
  return h("section", { class: "group" }, h("div", { class: "group-head" }, h("h3", {}, "Contacts"),
    h("div", { class: "actions" }, callButton(() => state.calls),
      h("button", { type: "button", on: { click: () => edit(state) } }, "Add contact"))), list);
}

function show(state) {
  if (!state.contacts.length) {
    fill(state.list, h("li", { class: "muted" }, "There are no contacts."));
    return;
  }
  fill(state.list, state.contacts.map((contact) => h("li", { class: "contact" },
    h("div", {}, h("strong", {}, contact.name), contact.is_primary ? h("span", { class: "muted small" }, " primary") : "",
      h("div", { class: "muted small" }, [contact.title, contact.email, contact.phone].filter(Boolean).join(" · "))),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "quiet", "aria-label": `Edit ${contact.name}`, on: { click: () => edit(state, contact) } }, "Edit"),
      h("button", { type: "button", class: "quiet", "aria-label": `Delete ${contact.name}`,
        on: { click: () => remove(state, contact).catch(failed) } }, "Delete")))));
}

async function reload(state) {
  const result = await send(rest("GET", `/api/customers/${state.context.id}`));
  state.contacts = result.data.data.contacts ?? [];
  show(state);
}

function edit(state, contact) {
  openDialog(contact ? `Edit ${contact.name}` : "Add a contact", (close) => {
    const inputs = FIELDS.map(([name, title]) => [name, title, h("input", { id: `contact-${name}`, value: contact?.[name] ?? "" }),
      h("p", { class: "error", role: "alert" })]);
    const primary = h("input", { type: "checkbox", id: "contact-primary", checked: contact?.is_primary ?? false });
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      const body = Object.fromEntries(inputs.map(([name, , input]) => [name, input.value || null]));
      try {
        await save(state, contact, { ...body, is_primary: primary.checked });
        close();
      } catch (failure) {
        const isOfField = (name) => failure.fields?.[name];
        for (const [name, , , place] of inputs) fill(place, isOfField(name) ?? "");
        fill(error, inputs.some(([name]) => isOfField(name)) ? "" : failure.message);
      }
    };
    return h("form", { class: "dialog-form", on: { submit } },
      h("div", { class: "form-grid" }, inputs.map(([name, title, input, place]) =>
        h("div", { class: "field" }, h("label", { for: `contact-${name}` }, title), input, place))),
      h("label", { class: "check" }, primary, " Primary contact"), error,
      h("div", { class: "actions end" }, h("button", { type: "submit", class: "primary" }, "Save")));
  });
}

async function save(state, contact, body) {
  const path = `/api/customers/${state.context.id}/contacts`;
  const call = contact ? rest("PUT", `${path}/${contact.id}`, body) : rest("POST", path, body, idempotencyKey());
  await send(call);
  state.calls = [call];
  await reload(state);
  const undo = contact ? () => undoTo(state, rest("PUT", `${path}/${contact.id}`, {
    ...Object.fromEntries(FIELDS.map(([name]) => [name, contact[name] ?? null])), is_primary: contact.is_primary })) : undefined;
  toast(`${body.name} is saved.`, { calls: [call], undo });
}

async function remove(state, contact) {
  const path = `/api/customers/${state.context.id}/contacts`;
  const call = rest("DELETE", `${path}/${contact.id}`);
  await send(call);
  state.calls = [call];
  await reload(state);
  const { name, title, email, phone, is_primary: primary } = contact;
  toast(`${name} is deleted.`, { calls: [call],
    undo: () => undoTo(state, rest("POST", path, { name, title, email, phone, is_primary: primary }, idempotencyKey())) });
}

async function undoTo(state, call) {
  await send(call);
  state.calls = [call];
  await reload(state);
}
