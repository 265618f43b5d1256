// Lists of customers for the table. A numbered list reads any page; a forward list reads on from its last row.

import { nextFiltered, nextSorted, nextTyped, numberedPage, total } from "./customers.js";

const PAGE_SIZE = 100;
const PAGES_KEPT = 40;
const MAX_EMPTY_READS = 40;

/** Returns the list that fits the query: `{ search, status, type, vip, tag, sort, direction }`. */
export function openList(query) {
  const filter = {};
  if (query.status) filter.status = query.status;
  if (query.tag) filter.tagIds = [query.tag.id];
  if (query.type || query.vip) return new ForwardList(typed(query));
  if (query.sort !== "number" || query.direction === "asc") return new ForwardList(sorted(query));
  if (query.search || query.tag) return new ForwardList(filtered(query, filter));
  return new NumberedList(query.status ? filter : null);
}

/** The list in number order: every page can be read directly. */
class NumberedList {
  constructor(filter) {
    this.filter = filter;
    this.length = 0;
    this.pages = new Map();
    this.calls = [];
    this.isKnown = false;
    this.abort = new AbortController();
    this.changed = () => {};
    this.failed = () => {};
  }

  /** Reads the first page and the total. */
  async open() {
    const first = this.load(1);
    const { total: found } = await total(this.filter, undefined, this.abort.signal);
    this.length = found;
    this.isKnown = true;
    this.changed();
    await first;
  }

  get(index) {
    const page = this.pages.get(Math.floor(index / PAGE_SIZE) + 1);
    return page?.rows?.[index % PAGE_SIZE];
  }

  /** Reads the pages of these rows, and gives up on reads of pages that are out of sight. */
  need(first, last) {
    if (!this.length) return;
    const from = Math.floor(first / PAGE_SIZE) + 1;
    const to = Math.floor(Math.min(last, Math.max(this.length - 1, 0)) / PAGE_SIZE) + 1;
    for (const [number, page] of this.pages) {
      if (!page.rows && (number < from || number > to)) {
        page.abort.abort();
        this.pages.delete(number);
      }
    }
    for (let page = from; page <= to; page += 1) if (!this.pages.has(page)) this.load(page);
  }

  async load(number) {
    const abort = new AbortController();
    this.abort.signal.addEventListener("abort", () => abort.abort());
    const page = { abort };
    this.pages.set(number, page);
    try {
      const { rows, call } = await numberedPage(number, this.filter, abort.signal);
      page.rows = rows;
      this.calls = [call];
      this.evict(number);
      this.changed();
    } catch (error) {
      this.pages.delete(number);
      if (error.name !== "AbortError") this.failed(error);
    }
  }

  evict(current) {
    if (this.pages.size <= PAGES_KEPT) return;
    const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - current) - Math.abs(a - current));
    for (const number of far.slice(0, this.pages.size - PAGES_KEPT)) this.pages.delete(number);
  }

  /** Replaces a row that has changed. */
  replace(row) {
    for (const page of this.pages.values()) {
      const at = page.rows?.findIndex(({ id }) => id === row.id) ?? -1;
      if (at >= 0) page.rows[at] = { ...page.rows[at], ...row };
    }
    this.changed();
  }

  indexOf(id) {
    for (const [number, page] of this.pages) {
      const at = page.rows?.findIndex((row) => row.id === id) ?? -1;
      if (at >= 0) return (number - 1) * PAGE_SIZE + at;
    }
    return -1;
  }

  close() {
    this.abort.abort();
  }
}

/** A list that continues from its last row. `source` has `next`, `keeps` and, if it is known, `count`. */
class ForwardList {
  constructor(source) {
    this.source = source;
    this.rows = [];
    this.after = null;
    this.more = true;
    this.calls = [];
    this.isKnown = false;
    this.abort = new AbortController();
    this.changed = () => {};
    this.failed = () => {};
  }

  /** Rows so far, and one more while there are others. */
  get length() {
    return this.rows.length + (this.more ? 1 : 0);
  }

  get note() {
    return this.source.note;
  }

  async open() {
    const first = this.read();
    if (this.source.count) {
      this.found = await this.source.count(this.abort.signal);
      this.isKnown = true;
      this.changed();
    }
    await first;
  }

  get(index) {
    return this.rows[index];
  }

  need(_, last) {
    if (last >= this.rows.length - 20 && this.more && !this.broken) this.read();
  }

  read() {
    this.reading ??= this.readOn().finally(() => { this.reading = undefined; });
    return this.reading;
  }

  /** Reads pages until one has a row for this list. */
  async readOn() {
    try {
      for (let reads = 0; this.more && reads < MAX_EMPTY_READS; reads += 1) {
        const { rows, after, more, calls } = await this.source.next(this.after, this.abort.signal);
        const kept = rows.filter(this.source.keeps);
        this.rows.push(...kept);
        this.after = after;
        this.more = more;
        this.calls = calls.filter(Boolean);
        this.changed();
        if (kept.length) break;
      }
    } catch (error) {
      this.broken = error.name !== "AbortError";
      if (this.broken) this.failed(error);
    }
  }

  replace(row) {
    const at = this.indexOf(row.id);
    if (at >= 0) this.rows[at] = { ...this.rows[at], ...row };
    this.changed();
  }

  indexOf(id) {
    return this.rows.findIndex((row) => row.id === id);
  }

  close() {
    this.abort.abort();
  }
}

const hasTag = ({ tag }) => (row) => !tag || row.tags.some(({ id }) => id === tag.id);
const hasStatus = ({ status }) => (row) => !status || row.status === status;
const hasType = ({ type }) => (row) => !type || row.type === type;

function filtered(query, filter) {
  const search = query.search || undefined;
  return {
    next: (after, signal) => nextFiltered(after, filter, search, signal),
    count: (signal) => total(filter, search, signal),
    keeps: () => true,
  };
}

function typed(query) {
  const filter = query.vip ? "vip" : query.type.toLowerCase();
  const all = [hasStatus(query), hasTag(query), hasType(query)];
  const isChecked = query.status || query.tag || (query.vip && query.type);
  const numbered = "The trades API has types and VIPs, and lists them by number, the newest first.";
  return {
    next: (after, signal) => nextTyped(after, filter, query.search, signal),
    keeps: (row) => all.every((has) => has(row)),
    note: isChecked ? `${numbered} It filters by one of the two; the other chips are checked here.` : numbered,
  };
}

/** Sorted lists come from funnels, whose language has tags and words, but no status. */
function sorted(query) {
  const sort = query.sort === "number" ? "id" : query.sort;
  const terms = [`order_by:${sort}`, `order_dir:${query.direction}`];
  if (query.tag) terms.push(`tags:"${query.tag.name.replaceAll('"', "")}"`);
  if (query.search) terms.push(query.search.replace(/[":]/g, " "));
  return {
    next: (after, signal) => nextSorted(after, terms.join(" "), signal),
    keeps: hasStatus(query),
    note: query.status ? "The funnels API sorts but has no status; the status is checked here." : undefined,
  };
}
