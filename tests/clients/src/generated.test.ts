// Every query and mutation by graphql-request, with the types that graphql-codegen generates from the schema.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientError } from "graphql-request";

import {
  BulkUpdateCustomersDocument,
  CreateCustomerDocument,
  CreateTagDocument,
  CustomerDocument,
  InfiniteCustomersDocument,
  MeDocument,
  PaginatedCustomersDocument,
  TagsDocument,
  UpdateCustomerDocument,
  type CreateCustomerInput,
  type CustomerQuery,
} from "../generated/graphql.js";
import { demoKey, requester } from "./stack.js";

const client = requester(demoKey);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Every customer field in the specification's query. An object with a missing or extra field does not compile. */
type Customer = Omit<NonNullable<CustomerQuery["customer"]>, "__typename" | "tags" | "createdAt" | "updatedAt">;

test("a customer is created, updated, read and updated in bulk", async () => {
  const { createTag } = await client.request(CreateTagDocument, { input: { name: "Premium", color: "#4F46E5" } });
  const input: CreateCustomerInput = {
    firstName: "Jane",
    lastName: "Doe-Typed",
    email: "jane.typed@example.com",
    phone: "555-0200",
    street: "456 Oak Ave",
    city: "Austin",
    state: "TX",
    zipCode: "78702",
    status: "ACTIVE",
    tagIds: [createTag.id],
  };
  const { createCustomer } = await client.request(CreateCustomerDocument, { input });
  const { id } = createCustomer;
  assert.match(id, /^cust_\d+$/);
  assert.match(createCustomer.createdAt, TIME);

  const changed = { phone: "555-0999", notes: "Updated contact preference: email only" };
  const { updateCustomer } = await client.request(UpdateCustomerDocument, { id, input: changed });
  assert.deepEqual([updateCustomer.phone, updateCustomer.status], ["555-0999", "ACTIVE"]);

  const { customer } = await client.request(CustomerDocument, { selector: { id } });
  assert.ok(customer);
  const { tags, createdAt, updatedAt, ...rest } = customer;
  const expected: Customer = {
    id,
    firstName: "Jane",
    lastName: "Doe-Typed",
    email: "jane.typed@example.com",
    ...changed,
    mobilePhone: null,
    companyName: null,
    street: "456 Oak Ave",
    city: "Austin",
    state: "TX",
    zipCode: "78702",
    status: "ACTIVE",
    quickbooksId: null,
  };
  assert.deepEqual(rest, expected);
  assert.deepEqual(tags, [createTag]);
  assert.equal(createdAt, createCustomer.createdAt);
  assert.ok(updatedAt >= createdAt);

  const { bulkUpdateCustomers } = await client.request(BulkUpdateCustomersDocument, {
    input: { ids: [id], update: { status: "INACTIVE" } },
  });
  assert.deepEqual(bulkUpdateCustomers, { success: true, updatedCount: 1, errors: [] });
});

test("customers are listed by cursor and by page", async () => {
  for (const lastName of ["Cursorson", "Cursorson", "Cursorson"]) {
    await client.request(CreateCustomerDocument, { input: { lastName, status: "LEAD", city: "Cursor Falls" } });
  }
  const variables = { first: 2, search: "cursorson", filter: { status: "LEAD" as const } };
  const { infiniteCustomers: first } = await client.request(InfiniteCustomersDocument, variables);
  assert.deepEqual([first.totalCount, first.edges.length, first.pageInfo.hasNextPage], [3, 2, true]);
  const { endCursor } = first.pageInfo;
  const last = first.edges.at(-1);
  assert.ok(endCursor && last);
  assert.equal(endCursor, last.cursor);
  assert.deepEqual(JSON.parse(Buffer.from(endCursor, "base64").toString()), { id: last.node.id });
  const next = await client.request(InfiniteCustomersDocument, { ...variables, after: endCursor });
  assert.deepEqual([next.infiniteCustomers.edges.length, next.infiniteCustomers.pageInfo.hasNextPage], [1, false]);

  const filter = { city: "cursor falls" };
  const { paginatedCustomers } = await client.request(PaginatedCustomersDocument, { page: 2, limit: 2, filter });
  assert.deepEqual(paginatedCustomers.pagination, { total: 3, page: 2, limit: 2, totalPages: 2 });
  const oldest = next.infiniteCustomers.edges[0]?.node.id;
  assert.deepEqual(paginatedCustomers.data, [{ id: oldest, status: "LEAD" }]);
});

test("me returns the caller and tags returns all tags", async () => {
  const { me } = await client.request(MeDocument);
  assert.deepEqual([typeof me.id, me.email], ["string", null]);
  const { tags } = await client.request(TagsDocument);
  assert.ok(tags.length > 0 && tags.every((tag) => /^#[0-9A-F]{6}$/i.test(tag.color)));
});

test("errors are ClientErrors with their codes", async () => {
  const code = async (request: Promise<unknown>): Promise<unknown> => {
    const error = await request.then(() => assert.fail("the request succeeded"), (error: unknown) => error);
    assert.ok(error instanceof ClientError, `${error}`);
    return error.response.errors?.[0]?.extensions["code"];
  };
  assert.equal(await code(client.request(CustomerDocument, { selector: { id: "cust_999999" } })), "NOT_FOUND");
  assert.equal(await code(client.request(InfiniteCustomersDocument, { first: 0 })), "BAD_USER_INPUT");
  assert.equal(await code(requester("ctc_live_none").request(MeDocument)), "UNAUTHORIZED");
});
