// A chart of revenue by month, as SVG with a text for each bar.

import { h, svg } from "../shared/dom.js";
import { count, money } from "../shared/format.js";

const WIDTH = 420;
const HEIGHT = 96;
const MAX_MONTHS = 24;

/** Returns the chart of the newest months of an order history, `[{ month, orders, revenue }]`. */
export function revenueChart(history, currency) {
  const months = filled(history).slice(-MAX_MONTHS);
  if (!months.length) return h("p", { class: "muted" }, "There are no orders yet.");
  const most = Math.max(...months.map(({ revenue }) => revenue), 1);
  const step = WIDTH / months.length;
  const bars = months.map(({ month, orders, revenue }, at) => {
    const height = Math.max(revenue > 0 ? 2 : 0, (Math.max(revenue, 0) / most) * (HEIGHT - 4));
    const title = svg("title", {}, `${monthText(month)}: ${money(revenue, currency)}, ${count(orders)} orders`);
    return svg("g", {}, title,
      svg("rect", { class: "hit", x: at * step, y: 0, width: step, height: HEIGHT }),
      svg("rect", { class: "bar", x: at * step + 1, y: HEIGHT - height, width: Math.max(step - 2, 1), height, rx: 1.5 }));
  });
  const total = months.reduce((sum, { revenue }) => sum + revenue, 0);
  const label = `Revenue by month from ${monthText(months[0].month)} to ${monthText(months.at(-1).month)}: `
    + `${money(total, currency)} in all, ${money(most, currency)} in the best month`;
  return h("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, preserveAspectRatio: "none" }, ...bars),
    h("figcaption", { class: "muted small" }, h("span", {}, monthText(months[0].month)),
      h("span", {}, `best month ${money(most, currency)}`), h("span", {}, monthText(months.at(-1).month))));
}

/** Adds the months without orders. */
function filled(history) {
  const known = new Map(history.map((entry) => [entry.month, entry]));
  const names = [...known.keys()].sort();
  const all = [];
  for (let month = names[0]; month && month <= names.at(-1); month = after(month)) {
    all.push(known.get(month) ?? { month, orders: 0, revenue: 0 });
  }
  return all;
}

function after(month) {
  const [year, number] = month.split("-").map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
}

function monthText(month) {
  return new Date(`${month}-15T00:00:00Z`).toLocaleDateString(undefined, { year: "numeric", month: "short" });
}
