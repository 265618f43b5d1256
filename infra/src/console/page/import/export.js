// Exporting customers as CSV, through pool's route.

import { rest, send } from "../shared/api.js";
import { callButton, openDialog } from "../shared/dialog.js";
import { download, fill, h } from "../shared/dom.js";
import { STATUS_TEXT } from "../shared/format.js";

/** Opens the dialog, with the status and the search of the table. */
export function openExport({ status, search, type, vip, tag }) {
  openDialog("Export customers", (close) => {
    const statuses = h("select", { id: "export-status" }, h("option", { value: "" }, "Any status"),
      Object.entries(STATUS_TEXT).map(([value, text]) => h("option", { value }, text)));
    statuses.value = status;
    const words = h("input", { id: "export-search", value: search });
    const error = h("p", { class: "error", role: "alert" });
    const call = () => {
      const query = new URLSearchParams(Object.entries({ status: statuses.value, search: words.value.trim() }).filter(([, value]) => value));
      return rest("GET", `/customers/export/csv${query.size ? `?${query}` : ""}`);
    };
    const submit = async (event) => {
      event.preventDefault();
      fill(error);
      try {
        const { text } = await send(call());
        download(`customers-${new Date().toISOString().slice(0, 10)}.csv`, text);
        close();
      } catch (failure) {
        fill(error, failure.message);
      }
    };
    return h("form", { class: "dialog-form", on: { submit } },
      type || vip || tag ? h("p", { class: "muted" }, "The export knows status and search; the other chips are left out.") : "",
      h("div", { class: "form-grid" },
        h("div", { class: "field" }, h("label", { for: "export-status" }, "Status"), statuses),
        h("div", { class: "field" }, h("label", { for: "export-search" }, "Search"), words)), error,
      h("div", { class: "actions end" }, callButton(() => [call()]), h("button", { type: "submit", class: "primary" }, "Export")));
  });
}
