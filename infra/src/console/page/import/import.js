// Importing customers from a CSV file: the mapping and a preview, a check of every row, then the import.

import { callButton, failed, openDialog, toast } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { count, counted } from "../shared/format.js";
import { local, own, session } from "../shared/session.js";

const POLL = 250;

const DELIMITERS = [[",", "Comma"], [";", "Semicolon"], ["\t", "Tab"]];

const ENCODINGS = [["", "UTF-8, or UTF-16 with its mark"], ["windows-1252", "Windows-1252"], ["macintosh", "Mac Roman"], ["utf-16le", "UTF-16 LE"], ["utf-16be", "UTF-16 BE"]];

/** Lets a file be dropped anywhere on the page. `done()` is called after an import. */
export function acceptDrops(done) {
  const cover = h("div", { class: "drop", hidden: true }, h("p", {}, "Drop a CSV file to import customers"));
  document.body.append(cover);
  const hasFile = (event) => session.can.imports && event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    cover.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) cover.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    cover.hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) openImport(file, done);
  });
}

/** Lets the person choose a file. */
export function chooseFile(done) {
  if (!session.can.imports) {
    toast("An import writes to the table. Start the console with --dynamodb URL, or use sync-agent import customers.", { bad: true });
    return;
  }
  const input = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv" });
  input.addEventListener("change", () => {
    if (input.files[0]) openImport(input.files[0], done);
  });
  input.click();
}

/** Uploads the file for a preview. Nothing is written to the records. */
async function openImport(file, done) {
  try {
    const upload = own("POST", `imports?name=${encodeURIComponent(file.name)}`, undefined, file);
    const preview = await local(upload);
    openDialog(`Import ${file.name}`, (close) => new Importing({ file, upload, preview, close, done }).element, { wide: true });
  } catch (error) {
    failed(error);
  }
}

/** The dialog of one import: mapping, check, progress, outcome. */
class Importing {
  constructor({ file, upload, preview, close, done }) {
    Object.assign(this, { file, upload, close, done });
    this.place = h("div", { class: "scroll preview", tabindex: "0", role: "region", "aria-label": "Preview" });
    this.delimiter = this.choice("import-delimiter", DELIMITERS);
    this.encoding = this.choice("import-encoding", ENCODINGS);
    this.preset = h("p", { class: "actions" });
    this.leftOut = h("p", { class: "warning", role: "status" });
    this.outcome = h("div", { class: "outcome", role: "status" });
    this.use(preview);
    this.source = h("input", { id: "import-source", value: file.name });
    this.check = h("button", { type: "button", on: { click: () => this.run(true) } }, "Check all rows");
    this.start = h("button", { type: "button", class: "primary", on: { click: () => this.run(false) } }, "Import");
    this.stop = h("button", { type: "button", hidden: true, on: { click: () => this.cancel() } }, "Stop");
    this.bar = h("progress", { max: "1", value: 0, "aria-label": "Progress of the import", hidden: true });
    this.element = h("div", { class: "import" },
      h("p", { class: "muted" }, "Choose the field that each column fills. Nothing is written before you press Import."),
      h("div", { class: "form-grid" },
        h("div", { class: "field" }, h("label", { for: "import-delimiter" }, "Separator"), this.delimiter),
        h("div", { class: "field" }, h("label", { for: "import-encoding" }, "Encoding"), this.encoding)),
      this.preset, this.place, this.leftOut,
      h("div", { class: "field" }, h("label", { for: "import-source" }, "Source: a row with the same id of the same source is imported once"), this.source),
      this.bar, this.outcome,
      h("div", { class: "actions end" }, callButton(() => [this.upload, this.importCall(false)], "Show API calls"), this.stop, this.check, this.start));
  }

  choice(id, options) {
    return h("select", { id, on: { change: () => this.readAgain() } }, options.map(([value, text]) => h("option", { value }, text)));
  }

  /** Shows the columns and the first rows. */
  use(preview) {
    this.preview = preview;
    this.selects = preview.columns.map(({ name, field }, at) => this.select(name, field, at));
    this.delimiter.value = preview.delimiter;
    this.encoding.value = preview.encoding ?? "";
    fill(this.place, this.table());
    const { preset, proposal } = preview;
    const button = (text, name) => h("button", { type: "button", on: { click: () => this.readAgain(name) } }, text);
    fill(this.preset, preset ? [h("span", {}, `The preset of ${preset.product} maps the columns.`), button("Choose fields instead", null)]
      : proposal ? [h("span", {}, `The columns are those of ${proposal.product}.`), button(`Use the preset of ${proposal.product}`, proposal.name)] : "");
    this.changed();
  }

  /** Reads the file with another separator, encoding or preset. */
  async readAgain(preset = this.preview.preset?.name ?? null) {
    this.changed();
    try {
      const body = { delimiter: this.delimiter.value, encoding: this.encoding.value || null, preset };
      this.use(await local(own("POST", `imports/${this.preview.id}/read`, body)));
    } catch (error) {
      fill(this.outcome, h("p", { class: "error" }, error.message));
    }
  }

  select(name, field, at) {
    const select = h("select", { "aria-label": `Field of the column ${name || at + 1}`, on: { change: () => this.changed() } },
      h("option", { value: "" }, "– not imported –"), this.preview.fields.map((value) => h("option", { value }, value)));
    select.value = field ?? "";
    return select;
  }

  table() {
    const { columns, rows } = this.preview;
    return h("table", { class: "wide" },
      h("thead", {}, h("tr", {}, columns.map(({ name }) => h("th", { scope: "col" }, name || "(no name)"))),
        this.preview.preset ? "" : h("tr", {}, this.selects.map((select) => h("td", {}, select)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((_, at) => h("td", {}, row[at] ?? ""))))));
  }

  /** The check of another mapping says nothing about this one. */
  changed() {
    fill(this.outcome);
    const { columns, rows, preset } = this.preview;
    const isLeftOut = (_, at) => !preset && !this.selects[at].value && rows.some((row) => row[at]?.trim());
    const leftOut = columns.map(({ name }, at) => name || `column ${at + 1}`).filter(isLeftOut);
    fill(this.leftOut, leftOut.length ? `Columns with values that are not imported: ${leftOut.join(", ")}.` : "");
  }

  /** The choices. Of a column without a field, only a name that an import recognizes has to be left out by a choice. */
  mapping() {
    const { columns, preset } = this.preview;
    if (preset) return [];
    return columns.flatMap(({ name, known }, at) => {
      const field = this.selects[at].value || null;
      const isFirst = name && columns.findIndex((column) => column.name === name) === at;
      return field || known ? [{ column: isFirst ? name : `column ${at + 1}`, field }] : [];
    });
  }

  importCall(dryRun) {
    const source = this.source.value.trim() || this.file.name;
    return own("POST", `imports/${this.preview.id}/run`, { columns: this.mapping(), dry_run: dryRun, source });
  }

  async run(dryRun) {
    this.busy(true);
    try {
      await local(this.importCall(dryRun));
      await this.follow();
    } catch (error) {
      fill(this.outcome, h("p", { class: "error" }, error.message));
    }
    this.busy(false);
  }

  async follow() {
    for (;;) {
      const state = await local(own("GET", `imports/${this.preview.id}`));
      if (state.rows_total) this.bar.value = state.rows_read / state.rows_total;
      else this.bar.removeAttribute("value");
      this.show(state);
      if (!state.running) {
        if (!state.dry_run && state.created) this.done();
        return;
      }
      await new Promise((resume) => { setTimeout(resume, POLL); });
    }
  }

  async cancel() {
    try {
      await local(own("POST", `imports/${this.preview.id}/cancel`, {}));
    } catch (error) {
      failed(error);
    }
  }

  busy(isBusy) {
    for (const control of [...this.selects, this.delimiter, this.encoding, this.source, this.check, this.start]) control.disabled = isBusy;
    this.stop.hidden = !isBusy;
    this.bar.hidden = !isBusy;
  }

  show(state) {
    const written = state.dry_run ? `${count(state.created)} would be created` : `${count(state.created)} created`;
    const line = `${written}, ${count(state.present)} already imported, ${count(state.rejected)} rejected.`;
    const end = state.running ? (state.dry_run ? "Checking: " : "Importing: ") : state.interrupted ? "Stopped: " : "";
    fill(this.outcome,
      state.error ? h("p", { class: "error" }, state.error, " Imported rows are kept; import the file again to continue.") : "",
      h("p", { class: "counts" }, end + line),
      state.columns_left_out?.length ? h("p", { class: "muted" }, `Columns that are not imported: ${state.columns_left_out.join(", ")}.`) : "",
      state.warnings.map((warning) => h("p", { class: "warning" }, warning)),
      state.rejects.length ? this.rejects(state) : "");
  }

  rejects(state) {
    const name = `${this.file.name.replace(/\.csv$/i, "")}.rejects.csv`;
    const more = state.rejected - state.rejects.length;
    return [h("ul", { class: "plain rejects" }, state.rejects.map(({ line, reason }) =>
      h("li", {}, h("span", { class: "muted" }, `Line ${line}: `), reason))),
    more > 0 ? h("p", { class: "muted" }, `${counted(more, "more row")} in the file of rejected rows.`) : "",
    state.running ? "" : h("p", {}, h("a", { href: `/console/api/imports/${this.preview.id}/rejects`, download: name }, "Download the rejected rows"),
      h("span", { class: "muted" }, " – correct them there, then drop that file with the same source."))];
  }
}
