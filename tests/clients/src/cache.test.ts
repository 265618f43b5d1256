// Mutations by Apollo Client and their effect on its normalised cache, which identifies a customer by type and id.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gql, type ApolloClient } from "@apollo/client";

import {
  BulkUpdateCustomersDocument,
  CreateCustomerDocument,
  CustomerDocument,
  InfiniteCustomersDocument,
  UpdateCustomerDocument,
  type CustomerStatus,
} from "../generated/graphql.js";
import { apollo, demoKey, recorded } from "./stack.js";

async function create(client: ApolloClient, lastName: string): Promise<string> {
  const input = { firstName: "Cai", lastName, email: `${lastName}@example.com`.toLowerCase(), phone: "555-0200" };
  const { data } = await client.mutate({ mutation: CreateCustomerDocument, variables: { input } });
  assert.ok(data);
  assert.equal(data.createCustomer.lastName, lastName);
  return data.createCustomer.id;
}

/** Returns the result of a search from the cache, without a request. */
function cached(client: ApolloClient, search: string): { id: string; status: CustomerStatus; phone?: string | null }[] {
  const variables = { first: 20, search };
  const list = client.readQuery({ query: InfiniteCustomersDocument, variables });
  assert.ok(list, "the list is not in the cache");
  return list.infiniteCustomers.edges.map((edge) => edge.node);
}

test("an update appears in every cached list and view of the customer without another request", async () => {
  const { fetch, exchanges } = recorded();
  const client = apollo(demoKey, { fetch });
  const id = await create(client, "Normalised");
  const variables = { first: 20, search: "normalised" };
  await client.query({ query: InfiniteCustomersDocument, variables });
  await client.query({ query: CustomerDocument, variables: { selector: { id } } });
  const before = exchanges.length;

  const input = { phone: "555-0999", status: "INACTIVE" as const };
  const { data } = await client.mutate({ mutation: UpdateCustomerDocument, variables: { id, input } });
  assert.equal(data?.updateCustomer.phone, "555-0999");
  const [node] = cached(client, "normalised");
  assert.deepEqual([node?.id, node?.phone, node?.status], [id, "555-0999", "INACTIVE"]);
  const one = await client.query({ query: CustomerDocument, variables: { selector: { id } } });
  assert.equal(one.data?.customer?.phone, "555-0999");
  assert.equal(exchanges.length, before + 1, "requests other than the mutation were sent");
});

test("a created customer appears first in a refetched list", async () => {
  const client = apollo(demoKey);
  const first = await create(client, "Sandoval");
  const variables = { first: 20, search: "sandoval" };
  const watched = client.watchQuery({ query: InfiniteCustomersDocument, variables });
  const subscription = watched.subscribe(() => undefined);
  await watched.refetch();

  const input = { firstName: "Dee", lastName: "Sandoval" };
  const { data } = await client.mutate({
    mutation: CreateCustomerDocument,
    variables: { input },
    refetchQueries: [InfiniteCustomersDocument],
    awaitRefetchQueries: true,
  });
  const result = watched.getCurrentResult();
  assert.ok(result.dataState === "complete");
  const ids = result.data.infiniteCustomers.edges.map((edge) => edge.node.id);
  assert.deepEqual(ids, [data?.createCustomer.id, first]);
  assert.equal(result.data.infiniteCustomers.totalCount, 2);
  assert.equal(client.cache.identify({ __typename: "Customer", id: first }), `Customer:${first}`);
  subscription.unsubscribe();
});

test("a bulk update reports each failed id, and a refetched list contains the changes", async () => {
  const client = apollo(demoKey);
  const ids = [await create(client, "Bulkhead"), await create(client, "Bulkhead")];
  const variables = { first: 20, search: "bulkhead" };
  await client.query({ query: InfiniteCustomersDocument, variables });
  const { data } = await client.mutate({
    mutation: BulkUpdateCustomersDocument,
    variables: { input: { ids: [...ids, "cust_999999"], update: { status: "INACTIVE" } } },
  });
  const result = data?.bulkUpdateCustomers;
  assert.deepEqual([result?.success, result?.updatedCount], [false, 2]);
  assert.deepEqual(result?.errors.map(({ id, message }) => [id, message]), [["cust_999999", "Customer not found"]]);
  await client.query({ query: InfiniteCustomersDocument, variables, fetchPolicy: "network-only" });
  assert.deepEqual(cached(client, "bulkhead").map((node) => node.status), ["INACTIVE", "INACTIVE"]);
});

test("a cached fragment reflects an update of its customer", async () => {
  const client = apollo(demoKey);
  const id = await create(client, "Fragmented");
  const fragment = gql`fragment Phone on Customer { phone }`;
  await client.query({ query: CustomerDocument, variables: { selector: { id } } });
  const phone = (): unknown => client.readFragment<{ phone: string }>({ id: `Customer:${id}`, fragment })?.phone;
  assert.equal(phone(), "555-0200");
  await client.mutate({ mutation: UpdateCustomerDocument, variables: { id, input: { phone: null } } });
  assert.equal(phone(), null);
});
