// Figures, orders and prices of a customer. They are read once the fields are shown.

import { callButton } from "../shared/dialog.js";
import { fill, h } from "../shared/dom.js";
import { count, date, money } from "../shared/format.js";
import { revenueChart } from "./chart.js";
import { readOrders, readPrices } from "./record.js";

/** Returns the section with figures, the chart of revenue, and the newest orders. */
export function figuresSection(context) {
  if (!context.record.erp?.total_orders) {
    return h("section", { class: "group" }, h("h3", {}, "Revenue and orders"), h("p", { class: "muted" }, "There are no orders yet."));
  }
  return later("Revenue and orders", "figures", context, async () => {
    const { orders, total, figures, calls } = await readOrders(context.id, context.signal);
    const currency = context.record.erp?.currency ?? "USD";
    const { overview, financial_summary: summary } = figures;
    const figure = (title, value) => h("div", {}, h("dt", {}, title), h("dd", {}, value));
    return { calls, shown: [
      h("dl", { class: "figures" }, figure("Revenue", money(overview.lifetime_value, currency)),
        figure("Orders", count(overview.total_orders)), figure("Balance", money(summary.current_balance, currency)),
        figure("Last order", date(overview.last_order_date) || "–")),
      h("div", { class: "chart-space" }, revenueChart(figures.order_history, currency)),
      orders.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Orders" }, h("table", {}, h("thead", {}, h("tr", {},
        ["Order", "Status", "Date", "Total"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, orders.map((order) => h("tr", {}, h("td", {}, order.order_number ?? order.id), h("td", {}, order.status),
        h("td", {}, date(order.order_date)), h("td", { class: "amount" }, money(order.total_amount, currency))))))) : "",
      total > orders.length ? h("p", { class: "muted small" }, `The newest ${orders.length} of ${count(total)} orders.`) : "",
    ] };
  });
}

/** Returns the section with the prices of today. */
export function pricesSection(context) {
  return later("Prices today", "prices", context, async () => {
    const { prices, calls } = await readPrices(context.id, context.signal);
    if (!prices.length) return { calls, shown: h("p", { class: "muted" }, "There are no prices.") };
    return { calls, shown: h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Prices" }, h("table", {}, h("thead", {}, h("tr", {},
      ["Product", "List", "Pays", "From"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, prices.map((price) => h("tr", { class: price.customerPrice === price.defaultPrice ? "" : "own" },
      h("td", {}, price.name || price.productId), h("td", { class: "amount" }, money(price.defaultPrice || null, price.currency)),
      h("td", { class: "amount" }, money(price.customerPrice, price.currency)), h("td", {}, date(price.effectiveFrom))))))) };
  });
}

/** A section whose content is read after it is shown. */
function later(title, name, context, read) {
  const place = h("div", { class: `later ${name}` }, h("p", { class: "muted" }, "Loading"));
  let calls = [];
  read().then((result) => {
    ({ calls } = result);
    fill(place, result.shown);
  }, (error) => {
    if (error.name !== "AbortError") fill(place, h("p", { class: "error" }, error.message));
  });
  return h("section", { class: "group" },
    h("div", { class: "group-head" }, h("h3", {}, title), callButton(() => calls)), place);
}
