// node-quickbooks and intuit-oauth against the QuickBooks stand-in, changed only in their addresses.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { beforeEach, test } from "node:test";

const require = createRequire(import.meta.url);
const QuickBooks = require("node-quickbooks");
const OAuthClient = require("intuit-oauth");

const ready = JSON.parse(process.env.QUICKBOOKS_READY ?? "null");
assert.ok(ready, "QUICKBOOKS_READY is not set; run infra/scripts/quickbooks-clients, which starts the stand-in");

QuickBooks.V3_ENDPOINT_BASE_URL = `${ready.url}/v3/company/`;
QuickBooks.TOKEN_URL = `${ready.url}/oauth2/v1/tokens/bearer`;
QuickBooks.REVOKE_URL = `${ready.url}/v2/oauth2/tokens/revoke`;
OAuthClient.environment.sandbox = `${ready.url}/`;

/** Sends a request to a control. */
async function control(method, path, body = {}) {
  const response = await fetch(`${ready.url}/stand-in/${path}`, { method, body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

const fault = (action, match = {}) => control("POST", "faults", { match, do: action });

/** A client with the first access token. */
const newClient = () =>
  new QuickBooks(
    ready.client_id, ready.client_secret, ready.access_token, false, ready.realm_id, true, false, 75, "2.0", ready.refresh_token,
  );

/** Calls a method that takes a callback. Rejects with the body of an error, or the error itself. */
const call = (client, method, ...values) =>
  new Promise((resolve, reject) =>
    client[method](...values, (error, data) => (error ? reject(error.response?.data ?? error) : resolve(data))),
  );

/** Returns the code of the error that a call fails with. */
async function code(promise) {
  const error = await promise.then(() => assert.fail("no error"), (error) => error);
  return error.Fault?.Error[0].code ?? error.fault?.error[0].code ?? error;
}

function newOAuth() {
  const client = new OAuthClient({
    clientId: ready.client_id,
    clientSecret: ready.client_secret,
    environment: "sandbox",
    redirectUri: "http://127.0.0.1:1/callback",
  });
  client.setAuthorizeURLs({
    authorizeEndpoint: `${ready.url}/connect/oauth2`,
    tokenEndpoint: `${ready.url}/oauth2/v1/tokens/bearer`,
    revokeEndpoint: `${ready.url}/v2/oauth2/tokens/revoke`,
    userInfoEndpoint: `${ready.url}/v1/openid_connect/userinfo`,
  });
  return client;
}

beforeEach(async () => {
  await control("POST", "reset");
  await control("PUT", "switches", { throttling: false });
});

test("node-quickbooks creates, reads and sparsely updates a customer", async () => {
  const client = newClient();
  const created = await call(client, "createCustomer", { DisplayName: "Ann O'Brien", Notes: "n" });
  const updated = await call(client, "updateCustomer", { Id: created.Id, SyncToken: "0", CompanyName: "c" });
  assert.deepEqual([updated.SyncToken, updated.Notes, updated.CompanyName], ["1", "n", "c"]);
  const read = await call(client, "getCustomer", created.Id);
  assert.equal(read.DisplayName, "Ann O'Brien");
  const full = { Id: created.Id, SyncToken: "1", DisplayName: "Ann O'Brien", sparse: false };
  assert.equal((await call(client, "updateCustomer", full)).Notes, undefined);
});

test("node-quickbooks repeats a create with its requestId without a second customer", async () => {
  const client = newClient();
  const first = await call(client, "createCustomer", { DisplayName: "Ann", requestId: "r-1" });
  const second = await call(client, "createCustomer", { DisplayName: "Ann", requestId: "r-1" });
  assert.equal(first.Id, second.Id);
});

test("node-quickbooks finds customers with apostrophes, conditions, pages and counts", async () => {
  const client = newClient();
  const found = await call(client, "findCustomers", { DisplayName: "King's Groceries" });
  assert.equal(found.QueryResponse.Customer[0].Id, "2");
  const items = Array.from({ length: 25 }, (_, n) => ({
    bId: String(n), operation: "create", Customer: { DisplayName: `Page ${String(n).padStart(2, "0")}` },
  }));
  await call(client, "batch", items);
  const all = await call(client, "findCustomers", [
    { field: "fetchAll", value: true },
    { field: "limit", value: 10 },
    { field: "asc", value: "DisplayName" },
    { field: "DisplayName", value: "Page%", operator: "LIKE" },
  ]);
  assert.deepEqual(all.QueryResponse.Customer.map((customer) => customer.DisplayName), items.map((item) => item.Customer.DisplayName));
  const count = await call(client, "findCustomers", [{ count: true }, { field: "DisplayName", value: "Page%", operator: "LIKE" }]);
  assert.equal(count.QueryResponse.totalCount, 25);
});

test("node-quickbooks runs a batch and captures changes", async () => {
  const client = newClient();
  const { BatchItemResponse: items } = await call(client, "batch", [
    { bId: "1", operation: "create", Customer: { DisplayName: "Ann" } },
    { bId: "2", operation: "create", Customer: { DisplayName: "ANN" } },
    { bId: "3", Query: "select * from Customer where DisplayName = 'Ann'" },
  ]);
  assert.equal(items[1].Fault.Error[0].code, "6240");
  assert.equal(items[2].QueryResponse.Customer[0].Id, items[0].Customer.Id);
  await call(client, "deleteInvoice", "3");
  const changes = await call(client, "changeDataCapture", ["Customer", "Invoice"], "2020-01-01");
  const [customers, invoices] = changes.CDCResponse[0].QueryResponse;
  assert.ok(customers.Customer.some((customer) => customer.DisplayName === "Ann"));
  assert.deepEqual(invoices.Invoice.filter((invoice) => invoice.status === "Deleted").map((invoice) => invoice.Id), ["3"]);
});

test("node-quickbooks voids an invoice and a payment", async () => {
  const client = newClient();
  const invoice = (await call(client, "voidInvoice", "3")).Invoice;
  assert.deepEqual([invoice.TotalAmt, invoice.PrivateNote], [0, "Voided"]);
  const payment = await call(client, "getPayment", "4");
  assert.equal((await call(client, "voidPayment", payment)).TotalAmt, 0);
});

test("node-quickbooks reports errors with their codes", async () => {
  const client = newClient();
  await call(client, "createCustomer", { DisplayName: "Ann" });
  assert.equal(await code(call(client, "createCustomer", { DisplayName: "ann" })), "6240");
  assert.equal(await code(call(client, "updateCustomer", { Id: "1", SyncToken: "9" })), "5010");
  assert.equal(await code(call(client, "getCustomer", "4711")), "610");
  assert.equal(await code(call(client, "createCustomer", { DisplayName: "a:b" })), "2040");
  assert.equal(await code(call(client, "findCustomers", { Notes: "x" })), "4001");
  await fault("fault_in_200");
  assert.equal(await code(call(client, "getCustomer", "1")), "6000");
  await fault("status_503");
  assert.equal(await code(call(client, "getCustomer", "1")), "10000");
  await fault("throttle");
  assert.match(String(await code(call(client, "getCustomer", "1"))), /3001/);
  await fault("drop_after", { operation: "create" });
  assert.match(String(await code(call(client, "createCustomer", { DisplayName: "Bob" }))), /socket hang up|ECONNRESET/);
  assert.equal(await code(call(client, "createCustomer", { DisplayName: "Bob" })), "6240");
});

test("node-quickbooks refreshes an expired token and revokes the grant", async () => {
  const client = newClient();
  await control("POST", "clock", { advance_seconds: 86_401 });
  assert.equal(await code(call(client, "getCustomer", "1")), "3200");
  const tokens = await call(client, "refreshAccessToken");
  assert.notEqual(tokens.refresh_token, ready.refresh_token);
  assert.equal((await call(client, "getCustomer", "1")).Id, "1");
  await new Promise((resolve, reject) => client.revokeAccess(true, (error) => (error ? reject(error) : resolve())));
  const revoked = newClient();
  revoked.token = tokens.access_token;
  assert.equal(await code(call(revoked, "getCustomer", "1")), "3200");
});

test("intuit-oauth exchanges a code, calls the API and reads the user", async () => {
  const client = newOAuth();
  const address = client.authorizeUri({ scope: [OAuthClient.scopes.Accounting, OAuthClient.scopes.OpenId], state: "st" });
  const form = new URL(address).searchParams;
  form.set("decision", "allow");
  const consent = await fetch(`${ready.url}/connect/oauth2`, { method: "POST", body: form, redirect: "manual" });
  assert.equal(consent.status, 303);
  await client.createToken(consent.headers.get("location"));
  assert.equal(client.getToken().realmId, ready.realm_id);
  const answer = await client.makeApiCall({ url: `${ready.url}/v3/company/${ready.realm_id}/customer/1` });
  assert.equal(answer.json.Customer.Id, "1");
  assert.ok(answer.intuit_tid ?? answer.headers["intuit_tid"]);
  assert.equal((await client.getUserInfo()).json.email, "owner@example.com");
  await client.revoke();
});

test("intuit-oauth refreshes with the lifetime of the grant, and retries a failing token endpoint", async () => {
  const client = newOAuth();
  const tokens = (await client.refreshUsingToken(ready.refresh_token)).getJson();
  assert.equal(tokens.expires_in, 3600);
  await fault("status_503", { path: "/oauth2/v1/tokens/bearer" });
  assert.equal((await client.refreshUsingToken(tokens.refresh_token)).getJson().expires_in, 3600);
  await assert.rejects(client.refreshUsingToken("wrong"), /invalid_grant|400|Refresh token is invalid/);
});

test("intuit-oauth reports 610 and 429 of an API call", async () => {
  const client = newOAuth();
  await client.refreshUsingToken(ready.refresh_token);
  const url = (id) => `${ready.url}/v3/company/${ready.realm_id}/customer/${id}`;
  const failure = async (id) => {
    const error = await client.makeApiCall({ url: url(id) }).then(() => assert.fail("no error"), (error) => error);
    return JSON.stringify([error.message, error.error, error.error_description, error.authResponse?.body, error.intuit_tid]);
  };
  assert.match(await failure("4711"), /610|Object Not Found/);
  await fault("throttle");
  assert.match(await failure("1"), /Rate limit exceeded/);
});
