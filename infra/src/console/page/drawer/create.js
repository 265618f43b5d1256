// The form for a new customer.

import { createCustomer } from "../data/writes.js";
import { ApiError, idempotencyKey } from "../shared/api.js";
import { openDialog, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { STATUS_TEXT, nameOf } from "../shared/format.js";

const FIELDS = [["firstName", "First name"], ["lastName", "Last name"], ["companyName", "Company"], ["email", "Email"],
  ["phone", "Phone"], ["mobilePhone", "Mobile phone"], ["street", "Street"], ["city", "City"], ["state", "State"],
  ["zipCode", "Postal code"]];

/** Opens the form. `created(customer)` is called once the customer exists. */
export function openCreate({ created }) {
  const headers = idempotencyKey();
  openDialog("New customer", (close) => {
    const inputs = FIELDS.map(([name, title]) => ({ name, title, input: h("input", { id: `new-${name}`, autocomplete: "off" }),
      error: h("p", { class: "error", id: `new-${name}-error`, role: "alert" }) }));
    const status = h("select", { id: "new-status" },
      Object.entries(STATUS_TEXT).map(([value, text]) => h("option", { value }, text)));
    const notes = h("textarea", { id: "new-notes", rows: "3" });
    const general = h("p", { class: "error", role: "alert" });
    const save = h("button", { type: "submit", class: "primary" }, "Create");
    const submit = async (event) => {
      event.preventDefault();
      save.disabled = true;
      const input = { status: status.value };
      for (const { name, input: element } of inputs) if (element.value.trim()) input[name] = element.value.trim();
      if (notes.value.trim()) input.notes = notes.value.trim();
      try {
        const { created: customer, call } = await createCustomer(input, headers);
        close();
        toast(`${nameOf(customer)} is created.`, { calls: [call] });
        created(customer);
      } catch (failure) {
        if (!(failure instanceof ApiError)) throw failure;
        showErrors(inputs, general, failure);
        // The stored response of a key belongs to the request that was sent with it.
        if (failure.status) Object.assign(headers, idempotencyKey());
      }
      save.disabled = false;
    };
    return h("form", { class: "dialog-form", on: { submit } },
      h("p", { class: "muted" }, "A first name, last name, company or email is required."),
      h("div", { class: "form-grid" }, inputs.map(({ name, title, input, error }) =>
        h("div", { class: "field" }, h("label", { for: `new-${name}` }, title), input, error)),
      h("div", { class: "field" }, h("label", { for: "new-status" }, "Status"), status)),
      h("div", { class: "field" }, h("label", { for: "new-notes" }, "Notes"), notes), general,
      h("div", { class: "actions end" }, save));
  });
}

function showErrors(inputs, general, failure) {
  let shown = false;
  for (const { name, input, error } of inputs) {
    const message = failure.fields[name];
    fill(error, message ?? "");
    if (message) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", error.id);
      if (!shown) input.focus();
      shown = true;
    } else input.removeAttribute("aria-invalid");
  }
  fill(general, shown ? "" : failure.message);
}
