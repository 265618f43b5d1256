// The reference and GraphiQL: examples run, and those that change data say so.

import assert from "node:assert/strict";
import { test } from "node:test";

import { close, open, url } from "./stack.js";

test("reference has every operation of the REST dialects, and its examples run", async () => {
  const page = await open("/docs");
  for (const [name, operations] of [["trades", 6], ["erp", 10]]) {
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
    await page.getByRole("heading", { name: "Schemas" }).waitFor();
    assert.equal(await page.locator(".operation").count(), operations, name);
    const list = page.locator(".operation", { hasText: "GET" }).first();
    await list.getByRole("button", { name: "Run" }).click();
    await list.getByText(/Status 200/).waitFor();
  }
  const changing = page.locator(".operation", { has: page.locator(".method.post") }).first();
  await changing.getByText("This changes data").waitFor();
  await close(page);
});

test("reference has the schemas and errors of the GraphQL dialects, and its examples run", async () => {
  const page = await open("/docs#pool");
  for (const [name, type, error] of [["pool", "CustomerFilter", "BAD_USER_INPUT"], ["funnels", "InputCustomer", "ValidationError"]]) {
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name: `input ${type}`, exact: true }).waitFor();
    await page.getByRole("cell", { name: error, exact: true }).waitFor();
    const sample = page.locator(".sample").first();
    await sample.locator("summary").click();
    await sample.getByRole("button", { name: "Run" }).click();
    await sample.getByText(/Status 200/).waitFor();
    assert.match(await sample.getByLabel("Response").textContent(), /"data"/);
  }
  const changing = page.locator(".sample", { hasText: "changes data" });
  assert.ok(await changing.count() >= 2);
  await close(page);
});

for (const [editor, address] of [["either editor", url], ["the published editor", process.env.CLIENTELE_LARGE_URL]]) {
  test(`sample of each GraphQL API runs in ${editor} of GraphiQL`, () => runSamples(address));
}

async function runSamples(address) {
  const page = await open("/graphiql", { address });
  if (address !== url) await page.locator(".graphiql-container").waitFor();
  for (const name of ["pool", "funnels"]) {
    await page.getByLabel("API").selectOption(name);
    const published = page.getByRole("button", { name: /Execute query/ });
    const plain = page.getByRole("button", { name: "Run" });
    await published.or(plain).waitFor();
    await published.or(plain).click();
    await page.waitForFunction(() => (document.querySelector(".result-window") ?? document.querySelector("pre"))?.textContent.includes('"edges"'));
  }
  await page.getByLabel("API").selectOption("pool");
  await page.getByLabel("Example").selectOption({ label: "Change many customers (changes data)" });
  await page.getByText("cust_1, cust_2 and cust_3 becomes INACTIVE").first().waitFor();
  await close(page);
}
