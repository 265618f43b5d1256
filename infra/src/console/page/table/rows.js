// A virtual table: only the rows in sight exist as elements, whatever the length of the list.

import { append, fill, h } from "../shared/dom.js";

const OVERSCAN = 6;

/** Shows a list. `columns` have a title and `show(cell, row)`; the first one is for the selection. */
export class Rows {
  constructor({ columns, label, onOpen, onSelect, isSelected }) {
    Object.assign(this, { columns, onOpen, onSelect, isSelected });
    this.cursor = 0;
    this.pool = [];
    this.space = h("div", { class: "rows-space", role: "presentation" });
    this.scroller = h("div", { class: "rows", role: "grid", tabindex: "0", "aria-label": label,
      "aria-multiselectable": "true" }, this.space);
    this.scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    this.scroller.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.schedule()).observe(this.scroller);
  }

  /** Shows another list from its start. */
  show(list) {
    this.list?.close();
    this.list = list;
    this.cursor = 0;
    this.space.style.height = "0px";
    this.scroller.scrollTop = 0;
    list.changed = () => this.schedule();
    for (const element of this.pool) element.row = undefined;
    this.schedule();
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.render();
    });
  }

  get rowHeight() {
    return this.scroller.clientWidth < 640 ? 56 : 36;
  }

  render() {
    if (!this.list) return;
    const { length } = this.list;
    const height = this.rowHeight;
    const total = `${length * height}px`;
    if (this.space.style.height !== total) this.space.style.height = total;
    this.scroller.setAttribute("aria-rowcount", String(length + 1));
    const visible = Math.ceil(this.scroller.clientHeight / height);
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / height) - OVERSCAN);
    const last = Math.min(length, first + visible + 2 * OVERSCAN) - 1;
    const size = visible + 2 * OVERSCAN + 1;
    while (this.pool.length < size) this.pool.push(this.element());
    while (this.pool.length > size) this.pool.pop().remove();
    const free = new Set(this.pool);
    for (let index = first; index <= last; index += 1) {
      const element = this.pool[index % size];
      free.delete(element);
      this.place(element, index, height);
    }
    for (const element of free) element.hidden = true;
    const active = document.getElementById(`row-${this.cursor}`);
    if (active) this.scroller.setAttribute("aria-activedescendant", active.id);
    else this.scroller.removeAttribute("aria-activedescendant");
    this.need(first, last);
  }

  /** Asks for the rows once scrolling has paused for a moment. */
  need(first, last) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.list.need(first, last), this.isFast() ? 60 : 0);
  }

  isFast() {
    const { scrollTop } = this.scroller;
    const distance = Math.abs(scrollTop - (this.lastTop ?? 0));
    this.lastTop = scrollTop;
    return distance > 400;
  }

  element() {
    const element = h("div", { class: "row", role: "row" },
      this.columns.map(({ name }) => h("div", { class: `cell ${name}`, role: "gridcell" })));
    this.space.append(element);
    return element;
  }

  place(element, index, height) {
    const row = this.list.get(index);
    element.hidden = false;
    if (element.index !== index || element.height !== height) {
      element.index = index;
      element.height = height;
      element.id = `row-${index}`;
      element.style.transform = `translateY(${index * height}px)`;
      element.setAttribute("aria-rowindex", String(index + 2));
    }
    element.classList.toggle("cursor", index === this.cursor);
    const selected = Boolean(row && this.isSelected(row.id));
    if (element.row === row && element.isChosen === selected && row) return;
    element.row = row;
    element.isChosen = selected;
    element.classList.toggle("waiting", !row);
    element.classList.toggle("selected", selected);
    element.setAttribute("aria-selected", String(selected));
    this.columns.forEach(({ show }, at) => {
      const cell = element.children[at];
      if (row) show(cell, row, selected);
      else fill(cell, at === 1 ? h("span", { class: "bone" }, h("span", { class: "hidden-label" }, "Loading")) : "");
    });
  }

  /** Moves the cursor to a row and scrolls it into sight. */
  move(index, focus = true) {
    this.cursor = Math.max(0, Math.min(index, this.list.length - 1));
    const height = this.rowHeight;
    const top = this.cursor * height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.scroller.scrollTop = top + height - clientHeight;
    if (focus) this.scroller.focus({ preventScroll: true });
    this.render();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.list?.length) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page,
      Home: -this.list.length, End: this.list.length };
    const row = this.list.get(this.cursor);
    if (event.key in steps) {
      if (event.shiftKey && row) this.onSelect(row, true);
      this.move(this.cursor + steps[event.key]);
    } else if (event.key === "Enter" && row) this.onOpen(row);
    else if ((event.key === " " || event.key === "x") && row) this.onSelect(row);
    else return;
    event.preventDefault();
  }

  click(event) {
    const element = event.target.closest(".row");
    if (!element?.row) return;
    this.cursor = element.index;
    if (event.target.closest(".select")) {
      if (event.shiftKey && this.anchor !== undefined) this.selectRange(this.anchor, element.index);
      else this.onSelect(element.row);
      this.anchor = element.index;
    } else this.onOpen(element.row);
    this.render();
  }

  selectRange(from, to) {
    for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
      const row = this.list.get(index);
      if (row) this.onSelect(row, true);
    }
  }
}

/** Sets the text of a cell. */
export function text(cell, value) {
  if (cell.shown === value) return;
  cell.shown = value;
  cell.textContent = value ?? "";
}

/** Sets the elements of a cell. */
export function elements(cell, ...children) {
  cell.shown = undefined;
  cell.replaceChildren();
  append(cell, children);
}
