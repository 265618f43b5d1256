// Reads customers through the public APIs: pool for most fields, funnels for sorted lists, trades for type and VIP.

import { graphql, rest, send } from "../shared/api.js";

const ROW = `id firstName lastName companyName email phone mobilePhone street city state zipCode status
  tags { id name color } notes quickbooksId createdAt updatedAt`;

export const PAGE = `query Page($page: Int!, $filter: CustomerFilter) {
  paginatedCustomers(page: $page, limit: 100, filter: $filter) {
    data { ${ROW} }
  }
}`;

const TOTAL = `query Total($filter: CustomerFilter, $search: String) {
  paginatedCustomers(limit: 1, filter: $filter, search: $search) { pagination { total } }
}`;

const NEXT = `query Next($after: String, $filter: CustomerFilter, $search: String) {
  infiniteCustomers(first: 50, after: $after, filter: $filter, search: $search) {
    edges { node { ${ROW} } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const SORTED = `query Sorted($query: String!, $after: String) {
  customers(query: $query, first: 50, after: $after) {
    edges { node { _id expenses orders_count } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const ONE = `query Customer($id: ID!) {
  customer(selector: { id: $id }) { ${ROW} }
}`;

/** Returns a page of the list in number order, the newest customers first. */
export async function numberedPage(page, filter, signal) {
  const result = await send(graphql("pool", PAGE, { page, filter }), { signal });
  return { rows: result.data.data.paginatedCustomers.data, call: result.call };
}

/** Returns how many customers a filter and a search select. `isLeast` says that there can be more. */
export async function total(filter, search, signal) {
  const result = await send(graphql("pool", TOTAL, { filter, search }), { signal });
  const { total: found } = result.data.data.paginatedCustomers.pagination;
  return { total: found, isLeast: result.data.extensions?.totalRelation === "gte", call: result.call };
}

/** Returns the next customers of a filter and a search in number order. */
export async function nextFiltered(after, filter, search, signal) {
  const result = await send(graphql("pool", NEXT, { after, filter, search }), { signal });
  const { edges, pageInfo } = result.data.data.infiniteCustomers;
  return { rows: edges.map(({ node }) => node), after: pageInfo.endCursor, more: pageInfo.hasNextPage,
    calls: [result.call] };
}

/** Returns the next customers in one of the orders of funnels. `query` is in the language of that API. */
export async function nextSorted(after, query, signal) {
  const result = await send(graphql("funnels", SORTED, { query, after }), { signal });
  const { edges, pageInfo } = result.data.data.customers;
  const found = edges.map(({ node }) => node);
  const { byId, call } = await byIds(found.map(({ _id }) => `cust_${_id}`), signal);
  const rows = found.flatMap(({ _id, expenses, orders_count: orders }) => {
    const row = byId.get(`cust_${_id}`);
    return row ? [{ ...row, expenses, orders }] : [];
  });
  return { rows, after: pageInfo.endCursor, more: pageInfo.hasNextPage, calls: [result.call, call] };
}

/** Returns the next customers of a type, or the VIPs, with their fields from trades. */
export async function nextTyped(after, filter, search, signal) {
  const query = new URLSearchParams({ filter, limit: "20", include_deleted: "false" });
  if (search) query.set("search", search);
  if (after) query.set("cursor", after);
  const result = await send(rest("GET", `/api/v1/customers?${query}`), { signal });
  const found = result.data.data.customers;
  const { byUuid, call } = await byUuids(found.map(({ uuid }) => uuid), signal);
  const rows = found.flatMap(({ uuid, customer_type: type, is_vip: vip }) => {
    const row = byUuid.get(uuid);
    return row ? [{ ...row, uuid, type, vip }] : [];
  });
  const next = result.headers.get("x-next-cursor");
  return { rows, after: next, more: Boolean(next), calls: [result.call, call] };
}

/** Returns customers by id, in one request. */
export async function byIds(ids, signal) {
  const byId = new Map();
  if (!ids.length) return { byId };
  const fields = ids.map((id, at) => `c${at}: customer(selector: { id: "${id}" }) { ...Row }`);
  const document = `query Customers {\n  ${fields.join("\n  ")}\n}\n\nfragment Row on Customer { ${ROW} }`;
  const result = await send(graphql("pool", document), { signal });
  for (const row of Object.values(result.data.data)) if (row) byId.set(row.id, row);
  return { byId, call: result.call };
}

/** Returns customers by uuid, in one request: pool's search finds a uuid. */
async function byUuids(uuids, signal) {
  const byUuid = new Map();
  if (!uuids.length) return { byUuid };
  const fields = uuids.map((uuid, at) => `c${at}: infiniteCustomers(first: 1, search: "${uuid}") { ...Found }`);
  const document = `query Customers {\n  ${fields.join("\n  ")}\n}\n\n`
    + `fragment Found on CustomerConnection { edges { node { ${ROW} } } }`;
  const result = await send(graphql("pool", document), { signal });
  uuids.forEach((uuid, at) => {
    const [edge] = result.data.data[`c${at}`].edges;
    if (edge) byUuid.set(uuid, edge.node);
  });
  return { byUuid, call: result.call };
}

/** Returns one customer with pool's fields, or null. */
export async function customer(id, signal) {
  const result = await send(graphql("pool", ONE, { id }), { signal });
  return { row: result.data.data.customer, call: result.call };
}

/** Returns the tenant's tags. */
export async function tags(signal) {
  const result = await send(graphql("pool", "{ tags { id name color } }"), { signal });
  return { tags: result.data.data.tags, call: result.call };
}
