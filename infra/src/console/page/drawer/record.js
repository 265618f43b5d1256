// Everything about one customer, read from the four APIs at the same time.

import { customer } from "../data/customers.js";
import { tradesCustomer } from "../data/writes.js";
import { graphql, rest, send } from "../shared/api.js";
import { csvObjects } from "../shared/csv.js";
import { numberOf } from "../shared/format.js";

const FUNNELS = `query Customer($id: ID!) {
  node(id: $id) {
    ... on Customer {
      accepts_marketing custom
      shipping_address { area country } billing_address { area country }
    }
  }
}`;

/** Reads the record of a customer. Returns null if there is none. */
export async function readRecord(id, signal) {
  const [fromPool, fromTrades, fromErp, fromFunnels] = await Promise.all([
    customer(id, signal),
    tradesCustomer(id, signal),
    send(rest("GET", `/api/customers/${id}`), { signal }).catch(missing),
    send(graphql("funnels", FUNNELS, { id: String(numberOf(id)) }), { signal }),
  ]);
  if (!fromPool.row) return null;
  return {
    pool: fromPool.row,
    trades: fromTrades.record,
    erp: fromErp?.data.data,
    funnels: fromFunnels.data.data.node,
    calls: [fromPool.call, fromTrades.call, fromErp?.call, fromFunnels.call],
  };
}

function missing(error) {
  if (error.status === 404) return undefined;
  throw error;
}

/** Returns the newest orders and the figures. */
export async function readOrders(id, signal) {
  const [orders, analytics] = await Promise.all([
    send(rest("GET", `/api/customers/${id}/orders?limit=20`), { signal }),
    send(rest("GET", `/api/customers/${id}/analytics?period=all`), { signal }),
  ]);
  return { orders: orders.data.data, total: orders.data.meta.total, figures: analytics.data.data,
    calls: [orders.call, analytics.call] };
}

/** Returns what the customer pays today, product by product. */
export async function readPrices(id, signal) {
  const result = await send(rest("GET", `/customers/${id}/pricing/csv`), { signal });
  return { prices: csvObjects(result.text), calls: [result.call] };
}
