// Starts the console: reads the session, then shows the view that the address names.

import { openCreate } from "./drawer/create.js";
import { Drawer } from "./drawer/drawer.js";
import { openExport } from "./import/export.js";
import { acceptDrops, chooseFile } from "./import/import.js";
import { MirrorView } from "./mirror/mirror.js";
import { Palette } from "./palette/palette.js";
import { failed } from "./shared/dialog.js";
import { fill, h } from "./shared/dom.js";
import { nameOf } from "./shared/format.js";
import { openSession, session } from "./shared/session.js";
import { CustomersView } from "./table/view.js";
import { FunctionsView } from "./views/functions.js";
import { KeysView } from "./views/keys.js";
import { RequestsView } from "./views/requests.js";

const main = document.getElementById("main");
const banner = document.getElementById("banner");

function go(path) {
  location.hash = `#/${path}`;
}

const drawer = new Drawer({
  element: document.getElementById("drawer"),
  closed: () => go("customers"),
  changed: (row) => customers.replace(row),
  removed: () => customers.reload(),
});

const create = () => openCreate({ created: ({ id }) => {
  customers.reload();
  go(`customers/${id}`);
} });

/** Shows imported customers and their tags. */
function imported() {
  customers.filters.loadTags();
  customers.reload();
}

const customers = new CustomersView({
  open: (id) => go(`customers/${id}`),
  actions: [
    h("button", { type: "button", on: { click: () => chooseFile(imported) } }, "Import"),
    h("button", { type: "button", on: { click: () => openExport(customers.filters.query) } }, "Export"),
    h("button", { type: "button", class: "primary", on: { click: create } }, "New customer"),
  ],
});

const keys = new KeysView({ reset: () => {
  customers.bulk.clear();
  imported();
} });

const mirror = new MirrorView({ changed: () => customers.reload() });

const views = { customers, mirror, requests: new RequestsView(), keys, functions: new FunctionsView() };

function commands() {
  const links = [...document.querySelectorAll(".top nav a")];
  const themes = ["light", "dark", "system"].map((theme) => ({ title: `Use the ${theme} theme`, run: () => useTheme(theme) }));
  return [
    { title: "New customer", run: create },
    { title: "Import customers from CSV", run: () => chooseFile(imported) },
    { title: "Export customers as CSV", run: () => openExport(customers.filters.query) },
    { title: "Sync with QuickBooks", run: () => go("mirror") },
    ...links.map((link) => ({ title: `Go to ${link.textContent}`, run: () => link.click() })),
    ...customers.commands(),
    ...(session.can.reset ? [{ title: "Reset the demo", run: () => keys.resetDemo() }] : []),
    ...themes,
  ];
}

const palette = new Palette({
  commands,
  open: (row) => go(`customers/${row.id}`),
  goToRow: (number) => {
    go("customers");
    customers.rows.move(number - 1);
  },
  nameOf,
});

/** Uses a theme until the tab is closed. */
function useTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  sessionStorage.setItem("clientele-theme", theme);
}

function show() {
  const [, name = "customers", id] = /^#\/([a-z]+)(?:\/([\w-]+))?$/.exec(location.hash) ?? [];
  const view = views[name] ?? customers;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.getAttribute("href") === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name !== "customers") drawer.hide();
  if (main.firstElementChild !== view.element) {
    main.replaceChildren(view.element);
    view.enter();
  }
  if (name === "customers" && id) drawer.open(id).catch(failed);
  else drawer.hide();
  const heading = view.element.querySelector("h1")?.textContent ?? "Customers";
  document.title = `${heading} · Clientele`;
}

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    palette.toggle();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && !isTyping(event.target)) {
    event.preventDefault();
    go("customers");
    customers.filters.search.focus();
    customers.filters.search.select();
  } else if (event.key === "ArrowDown" && event.target === customers.filters.search) {
    event.preventDefault();
    customers.rows.move(0);
  } else if (event.key === "Escape" && !drawer.element.hidden && !isTyping(event.target)) {
    go("customers");
    customers.rows.scroller.focus({ preventScroll: true });
  }
});

document.getElementById("open-palette").addEventListener("click", () => palette.toggle());
globalThis.addEventListener("hashchange", show);

try {
  useTheme(sessionStorage.getItem("clientele-theme") ?? "system");
  await openSession();
  acceptDrops(imported);
  if (!session.key) go("keys");
  show();
} catch (error) {
  fill(banner, `The console cannot start: ${error.message}`);
  banner.hidden = false;
}
