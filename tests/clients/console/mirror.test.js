// The mirror: a sync, a conflict that is resolved, and the reset of the demo.

import assert from "node:assert/strict";
import { test } from "node:test";

import { close, open, pool, quickbooks, total } from "./stack.js";

const UPDATE = "mutation($id: ID!, $input: UpdateCustomerInput!) { updateCustomer(id: $id, input: $input) { id } }";

async function sync(page) {
  await page.getByRole("button", { name: "Sync now" }).click();
  await page.locator(".toast", { hasText: "To QuickBooks" }).last().waitFor({ timeout: 120_000 });
  await page.getByRole("button", { name: "Sync now" }).waitFor({ timeout: 120_000 });
}

test("conflict is shown with both values and resolved, and the demo is reset", async () => {
  const page = await open("/#/mirror");
  await page.getByText("Blue Lagoon").first().waitFor();
  await sync(page);
  await page.getByRole("region", { name: "Customers on both sides" }).getByRole("link", { name: "Margaret Okafor" }).waitFor();
  const { customer } = await pool('{ customer(selector: { id: "cust_1" }) { quickbooksId } }');
  await pool(UPDATE, { id: "cust_1", input: { email: "ours@example.com" } });
  const edited = await fetch(`${quickbooks}/stand-in/edit`, { method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ entity: "Customer", operation: "update",
      object: { Id: customer.quickbooksId, PrimaryEmailAddr: { Address: "theirs@example.com" } } }) });
  assert.equal(edited.status, 200, await edited.text());
  await page.locator(".toast").first().waitFor({ state: "detached", timeout: 20_000 });
  await sync(page);
  await page.getByRole("heading", { name: "Conflicts: 1" }).waitFor();
  await page.locator(".toast", { hasText: "To QuickBooks" }).last().getByRole("button", { name: "Show API call" }).click();
  const dialog = page.getByRole("dialog");
  const command = await dialog.locator("pre").textContent();
  assert.match(command, /^curl -s \\\n  'http:.*\/console\/api\/mirror\/sync' \\\n  --json '\{\}'$/);
  await dialog.getByRole("button", { name: "Close" }).click();
  const conflicts = page.getByRole("region", { name: "Conflicts" });
  await conflicts.getByText("ours@example.com").waitFor();
  await conflicts.getByText("theirs@example.com").waitFor();
  await conflicts.getByRole("button", { name: "Keep their email of Margaret Okafor" }).click();
  await page.getByRole("heading", { name: "Conflicts: 0" }).waitFor();
  assert.equal((await pool('{ customer(selector: { id: "cust_1" }) { email } }')).customer.email, "theirs@example.com");

  await page.goto(page.url().replace("#/mirror", "#/keys"));
  await page.getByRole("button", { name: "Reset the demo" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await page.locator(".toast", { hasText: "as it was at the start" }).waitFor({ timeout: 60_000 });
  assert.equal((await pool('{ customer(selector: { id: "cust_1" }) { email } }')).customer.email, "margaret.okafor@example.com");
  await page.goto(page.url().replace("#/keys", "#/customers"));
  await total(page, "60 customers");
  await close(page);
});
