// Builds elements without a framework. Texts are always set as text, never as markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "indeterminate", "readOnly"]);

/** Creates an element. `props` are attributes, except `on` (listeners), `class`, `data` and a few properties. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  append(element, children);
  return element;
}

/** Appends elements and texts; leaves out empty values. */
export function append(element, children) {
  for (const child of children.flat(3)) {
    if (child !== undefined && child !== null && child !== false && child !== "") element.append(child);
  }
}

/** Replaces everything in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Creates an SVG element. */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let ids = 0;

/** Returns an id that no other element has. */
export function newId(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}

/** Calls a function once the calls for it have paused. */
export function debounced(milliseconds, run) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), milliseconds);
  };
}

/** Offers a text or blob to the person as a file. */
export function download(name, content, type = "text/csv") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
