// Apollo Client's handling of errors, GET requests and persisted queries.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

import {
  CreateCustomerDocument,
  CustomerDocument,
  InfiniteCustomersDocument,
  MeDocument,
  UpdateCustomerDocument,
} from "../generated/graphql.js";
import { setting } from "./settings.js";
import { apollo, demoKey, endpoint, pagedCache, recorded } from "./stack.js";

/** Returns the code of the single GraphQL error that the request fails with. */
async function codeOf(request: Promise<unknown>): Promise<unknown> {
  const error = await request.then(() => assert.fail("the request succeeded"), (error: unknown) => error);
  assert.ok(CombinedGraphQLErrors.is(error), `not a GraphQL error: ${error}`);
  assert.equal(error.errors.length, 1);
  return error.errors[0]?.extensions?.["code"];
}

test("errors carry their codes", async () => {
  const client = apollo(demoKey);
  const customer = (selector: object): Promise<unknown> =>
    client.query({ query: CustomerDocument, variables: { selector } });
  assert.equal(await codeOf(customer({ id: "cust_999999" })), "NOT_FOUND");
  assert.equal(await codeOf(customer({})), "BAD_USER_INPUT");
  const list = (variables: { first: number; after?: string }): Promise<unknown> =>
    client.query({ query: InfiniteCustomersDocument, variables });
  assert.equal(await codeOf(list({ first: 101 })), "BAD_USER_INPUT");
  assert.equal(await codeOf(list({ first: 1, after: "nonsense" })), "BAD_USER_INPUT");
  const update = client.mutate({
    mutation: UpdateCustomerDocument,
    variables: { id: "cust_999999", input: { phone: "555-0100" } },
  });
  assert.equal(await codeOf(update), "NOT_FOUND");
  const create = (input: object): Promise<unknown> =>
    client.mutate({ mutation: CreateCustomerDocument, variables: { input } });
  assert.equal(await codeOf(create({ firstName: "A", email: "x" })), "BAD_USER_INPUT");
  assert.equal(await codeOf(create({ firstName: 1 })), "GRAPHQL_VALIDATION_FAILED");
  const unknown = client.query({ query: gql`query Unknown { customer(selector: { id: "cust_1" }) { age } }` });
  assert.equal(await codeOf(unknown), "GRAPHQL_VALIDATION_FAILED");
});

test("errorPolicy all returns partial data together with the error", async () => {
  const client = apollo(demoKey);
  const query = gql`
    query Two {
      one: customer(selector: { id: "cust_1" }) { id }
      none: customer(selector: { id: "cust_999999" }) { id }
    }
  `;
  const { data, error } = await client.query<{ one: { id: string }; none: null }>({ query, errorPolicy: "all" });
  assert.equal(data?.one.id, "cust_1");
  assert.equal(data?.none, null);
  assert.ok(CombinedGraphQLErrors.is(error));
  assert.deepEqual(error.errors[0]?.path, ["none"]);
});

test("an unknown key and a read-only key produce GraphQL errors", async () => {
  const { fetch, exchanges } = recorded();
  assert.equal(await codeOf(apollo("ctc_live_none", { fetch }).query({ query: MeDocument })), "UNAUTHORIZED");
  assert.equal(exchanges[0]?.status, 401);
  const reader = apollo(setting("CLIENTELE_SCROLL_READER"));
  const create = reader.mutate({ mutation: CreateCustomerDocument, variables: { input: { firstName: "A" } } });
  assert.equal(await codeOf(create), "FORBIDDEN");
});

test("useGETForQueries sends queries by GET and mutations by POST", async () => {
  const { fetch, exchanges } = recorded();
  const client = apollo(demoKey, { fetch, useGETForQueries: true });
  const variables = { first: 2, search: "o'brien & söhne", filter: { status: "ACTIVE" as const } };
  const { data } = await client.query({ query: InfiniteCustomersDocument, variables });
  assert.equal(data?.infiniteCustomers.totalCount, 0);
  const input = { firstName: "Gita", companyName: "O'Brien & Söhne + Co" };
  const created = await client.mutate({ mutation: CreateCustomerDocument, variables: { input } });
  const again = await client.query({ query: InfiniteCustomersDocument, variables, fetchPolicy: "network-only" });
  assert.deepEqual(
    again.data?.infiniteCustomers.edges.map((edge) => edge.node.id),
    [created.data?.createCustomer.id],
  );
  assert.deepEqual(exchanges.map((exchange) => exchange.method), ["GET", "POST", "GET"]);
  for (const { contentType } of exchanges) {
    assert.equal(contentType, "application/graphql-response+json; charset=utf-8");
  }
});

test("a persisted-query client falls back to sending documents after one hash", async () => {
  for (const useGETForHashedQueries of [false, true]) {
    const { fetch, exchanges } = recorded();
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
    const http = new HttpLink({ uri: endpoint, headers: { Authorization: `Bearer ${demoKey}` }, fetch });
    const link = new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(http);
    const client = new ApolloClient({ cache: pagedCache(), link });
    const me = await client.query({ query: MeDocument });
    assert.ok(me.data?.me.id);
    const customer = await client.query({ query: CustomerDocument, variables: { selector: { id: "cust_1" } } });
    assert.equal(customer.data?.customer?.id, "cust_1");
    assert.equal(exchanges.length, 3, "the hash was not sent exactly once");
  }
});
