// Changes customers through the public APIs. Each change returns its calls, so that the page can show them.

import { graphql, idempotencyKey, rest, send } from "../shared/api.js";
import { numberOf } from "../shared/format.js";

const CREATE = `mutation Create($input: CreateCustomerInput!) {
  createCustomer(input: $input) { id firstName lastName companyName email }
}`;

const BULK = `mutation Bulk($input: BulkUpdateCustomersInput!) {
  bulkUpdateCustomers(input: $input) { success updatedCount errors { id message } }
}`;

const CREATE_TAG = `mutation CreateTag($input: CreateTagInput!) {
  createTag(input: $input) { id name color }
}`;

const MAX_BULK = 500;

/** Creates a customer. A retry of the same form never creates a second one. */
export async function createCustomer(input, headers = idempotencyKey()) {
  const result = await send(graphql("pool", CREATE, { input }, headers));
  return { created: result.data.data.createCustomer, call: result.call };
}

/** Creates a tag. */
export async function createTag(name) {
  const result = await send(graphql("pool", CREATE_TAG, { input: { name } }, idempotencyKey()));
  return { tag: result.data.data.createTag, call: result.call };
}

/**
 * Returns the customer as trades shows it. Trades names customers by uuid, and its cursor `cust_13` means the position
 * below that number: the first customer from there is number 12, if it still exists.
 */
export async function tradesCustomer(id, signal) {
  const query = new URLSearchParams({ cursor: `cust_${numberOf(id) + 1}`, limit: "1", include_deleted: "true" });
  const result = await send(rest("GET", `/api/v1/customers?${query}`), { signal });
  return { record: result.data.data.customers[0], call: result.call };
}

/** Deletes a customer. Returns the uuid, by which it is restored. */
export async function deleteCustomer(id, uuid) {
  const found = uuid ?? (await tradesCustomer(id)).record.uuid;
  const { call } = await send(rest("DELETE", `/api/v1/customers/${found}`, undefined, idempotencyKey()));
  return { uuid: found, call };
}

/** Restores a deleted customer. */
export async function restoreCustomer(uuid) {
  const { call } = await send(rest("POST", `/api/v1/customers/${uuid}/restore`, undefined, idempotencyKey()));
  return { call };
}

/**
 * Makes the same change to many customers, 500 per request. Returns how many were tried, which of them were not changed, and the
 * error that ended it early.
 */
export async function bulkUpdate(ids, update) {
  const errors = [];
  const calls = [];
  for (let at = 0; at < ids.length; at += MAX_BULK) {
    const call = graphql("pool", BULK, { input: { ids: ids.slice(at, at + MAX_BULK), update } });
    calls.push(call);
    try {
      errors.push(...(await send(call)).data.data.bulkUpdateCustomers.errors);
    } catch (failure) {
      return { tried: at, errors, calls, failure };
    }
  }
  return { tried: ids.length, errors, calls };
}

/** Returns the updates that take a change of these customers back, each with the customers to which it applies. */
export function inverse(rows, { status, addTagIds, removeTagIds }) {
  if (status) {
    const former = new Set(rows.map((row) => row.status).filter((one) => one !== status));
    return [...former].map((one) => ({ update: { status: one }, ids: rows.filter((row) => row.status === one).map(({ id }) => id) }));
  }
  const [tag] = addTagIds ?? removeTagIds;
  const hasChanged = (row) => row.tags.some(({ id }) => id === tag) !== Boolean(addTagIds);
  const ids = rows.filter(hasChanged).map(({ id }) => id);
  return [{ update: addTagIds ? { removeTagIds: [tag] } : { addTagIds: [tag] }, ids }];
}
