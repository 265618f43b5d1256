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

/** Makes the same change to many customers, 500 per request. Returns which were not changed, and why. */
export async function bulkUpdate(ids, update, onProgress = () => {}) {
  const errors = [];
  const calls = [];
  for (let at = 0; at < ids.length; at += MAX_BULK) {
    const input = { ids: ids.slice(at, at + MAX_BULK), update };
    const result = await send(graphql("pool", BULK, { input }));
    errors.push(...result.data.data.bulkUpdateCustomers.errors);
    calls.push(result.call);
    onProgress(Math.min(at + MAX_BULK, ids.length));
  }
  return { errors, calls };
}

/** Gives customers back the status or the tags that they had: one bulk update for each former value. */
export async function bulkRestore(rows, field) {
  const groups = new Map();
  for (const row of rows) {
    const update = field === "status" ? { status: row.status } : { tagIds: row.tags.map(({ id }) => id) };
    const group = groups.get(JSON.stringify(update)) ?? { update, ids: [] };
    group.ids.push(row.id);
    groups.set(JSON.stringify(update), group);
  }
  const errors = [];
  for (const { update, ids } of groups.values()) errors.push(...(await bulkUpdate(ids, update)).errors);
  return errors;
}
