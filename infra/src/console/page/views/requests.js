// The view of the last 200 requests, with what they cost and the event that the function received.

import { callButton, failed } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { local, own, session } from "../shared/session.js";

const PAUSE = 1_000;
const MAX_KEPT = 200;
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The view. It reads new requests every second while it is shown. */
export class RequestsView {
  constructor() {
    this.calls = [];
    this.last = 0;
    this.body = h("tbody", {});
    this.details = h("div", { class: "details", tabindex: "0", role: "region", "aria-label": "Details of the request" },
      h("p", { class: "muted" }, "Choose a request to see its log line and its event."));
    this.filter = h("input", { type: "search", "aria-label": "Filter requests", placeholder: "Filter by function, path or status",
      on: { input: () => this.show() } });
    this.element = h("section", { class: "view split", "aria-labelledby": "requests-title" },
      h("div", { class: "view-head" }, h("h1", { id: "requests-title" }, "Requests"),
        h("p", { class: "muted" }, "The last 200 requests to the API on this port, the newest first."), this.filter,
        callButton(() => [own("GET", "calls")])),
      h("div", { class: "panes" },
        h("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Requests" }, h("table", { class: "wide" },
          h("thead", {}, h("tr", {}, ["Time", "Function", "Request", "Status", "ms", "Reads", "Writes"]
            .map((title) => h("th", { scope: "col" }, title)))), this.body)),
        this.details));
  }

  enter() {
    this.read();
  }

  async read() {
    clearTimeout(this.timer);
    if (!this.element.isConnected) return;
    if (!session.can.calls) {
      fill(this.details, h("p", {}, "The API runs elsewhere, and its requests are in its own log. Start the console with --dynamodb URL to see them here."));
      return;
    }
    try {
      const { calls } = await local(own("GET", `calls?after=${this.last}`));
      // A number below the last one means that the server has been restarted.
      this.last = calls.at(-1)?.number ?? this.last;
      this.calls = [...calls.reverse(), ...this.calls].slice(0, MAX_KEPT);
      if (calls.length || !this.body.children.length) this.show();
      this.broken = false;
    } catch (error) {
      if (!this.broken) failed(error);
      this.broken = true;
    }
    this.timer = setTimeout(() => this.read(), PAUSE);
  }

  show() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = ({ function: name, method, path, status }) => `${name ?? ""} ${method} ${path} ${status}`.toLowerCase();
    const shown = this.calls.filter((call) => words.every((word) => text(call).includes(word)));
    if (!shown.length) {
      fill(this.body, h("tr", {}, h("td", { colspan: "7", class: "muted" },
        this.calls.length ? "No request matches." : "There are no requests yet. Open a customer to see some.")));
      return;
    }
    fill(this.body, shown.map((call) => h("tr", { class: call.number === this.chosen ? "chosen" : "" },
      h("td", { class: "mono" }, TIME.format(new Date(call.time))),
      h("td", {}, call.function ?? "–"),
      h("td", {}, h("button", { type: "button", class: "link", on: { click: () => this.choose(call) } },
        `${call.method} ${call.path.split("?")[0]}`)),
      h("td", { class: call.status >= 400 ? "error" : "" }, String(call.status)),
      h("td", { class: "amount" }, String(call.millis)), h("td", { class: "amount" }, String(call.reads)),
      h("td", { class: "amount" }, String(call.writes)))));
  }

  choose(call) {
    this.chosen = call.number;
    this.show();
    const json = (value) => h("pre", { tabindex: "0" }, value ? JSON.stringify(value, null, 2) : "none");
    fill(this.details, h("h2", {}, `${call.method} ${call.path.split("?")[0]}`),
      h("p", { class: "muted small mono" }, call.request_id), callButton(() => [shownCall(call)]),
      h("h3", {}, "Log line"), json(call.log), bodyOf(call.event) ? [h("h3", {}, "Body"), h("pre", { tabindex: "0" }, pretty(bodyOf(call.event)))] : "",
      h("h3", {}, "Event"), json(call.event));
    this.details.scrollTop = 0;
  }
}

/** The request as a call that can be shown as curl. */
function shownCall({ method, path, event }) {
  const text = bodyOf(event);
  try {
    return { kind: "rest", method, path, body: text ? JSON.parse(text) : undefined };
  } catch {
    return { kind: "rest", method, path, body: text };
  }
}

/** The body of a request, which events have in base64. Long ones are cut in the log. */
function bodyOf(event) {
  if (!event?.body || !event.isBase64Encoded) return event?.body ?? "";
  const isCut = event.body.endsWith("…");
  const bytes = Uint8Array.from(atob(event.body.replace("…", "")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes) + (isCut ? "…" : "");
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
