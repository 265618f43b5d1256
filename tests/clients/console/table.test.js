// The table of customers: search, chips, orders, keyboard, and the commands.

import assert from "node:assert/strict";
import { test } from "node:test";

import { close, open, pool, row, total } from "./stack.js";

test("search finds customers while typing", async () => {
  const page = await open();
  await total(page, "60 customers");
  await page.keyboard.press("/");
  await page.keyboard.type("okaf");
  await total(page, "1 customer");
  await row(page, "Margaret Okafor").waitFor();
  await page.keyboard.press("Escape");
  await total(page, "60 customers");
  await page.getByLabel("Search customers").fill("zzzz");
  await page.getByText("No customer matches").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await total(page, "60 customers");
  await close(page);
});

test("chips filter by status, type, VIP and tag, alone and together", async () => {
  const page = await open();
  await total(page, "60 customers");
  const chip = (name) => page.getByRole("group", { name: "Filters" }).getByRole("button", { name, exact: true });
  await chip("Lead").click();
  const { paginatedCustomers: leads } = await pool('{ paginatedCustomers(filter: { status: LEAD }) { pagination { total } } }');
  await total(page, `${leads.pagination.total} customers`);
  await chip("Lead").click();
  await chip("VIP").click();
  await total(page, "10 customers");
  await chip("Commercial").click();
  await total(page, "5 customers");
  await page.getByText("checked here").waitFor();
  await chip("VIP").click();
  await chip("Commercial").click();
  await page.getByLabel("Tag", { exact: true }).selectOption({ label: "weekly" });
  const weekly = await page.locator(".total").textContent();
  await chip("Active").click();
  await page.locator(".row:not([hidden]) .state.active").first().waitFor();
  await chip("Clear").click();
  await total(page, "60 customers");
  assert.notEqual(weekly, "60 customers");
  await close(page);
});

test("type and VIP list by number, whatever the order was", async () => {
  const page = await open();
  await total(page, "60 customers");
  const sort = page.getByLabel("Sort by", { exact: true });
  await sort.selectOption("full_name");
  await page.locator(".row:not([hidden]):not(.waiting)").first().waitFor();
  const vip = page.getByRole("group", { name: "Filters" }).getByRole("button", { name: "VIP", exact: true });
  await vip.click();
  await total(page, "10 customers");
  await page.getByText("lists them by number").waitFor();
  assert.equal(await sort.inputValue(), "number");
  assert.ok(await sort.isDisabled());
  await vip.click();
  await total(page, "60 customers");
  assert.ok(await sort.isEnabled());
  await close(page);
});

test("every order is read to its end", async () => {
  const page = await open();
  const orders = await page.getByLabel("Sort by").locator("option").evaluateAll((all) => all.map(({ value }) => value));
  assert.equal(orders.length, 9);
  for (const order of orders) {
    await page.getByLabel("Sort by").selectOption(order);
    await page.locator(".row:not([hidden]):not(.waiting)").first().waitFor();
    await page.getByRole("grid").focus();
    for (let presses = 0; presses < 4; presses += 1) {
      await page.keyboard.press("End");
      await page.waitForTimeout(100);
    }
    await page.locator(".total", { hasText: "60 customers" }).waitFor();
    await page.getByRole("button", { name: /reverse the order/ }).click();
    await page.locator(".row:not([hidden]):not(.waiting)").first().waitFor();
  }
  await page.getByLabel("Sort by").selectOption("full_name");
  await page.getByRole("grid").focus();
  await page.keyboard.press("Home");
  const first = await page.locator("#row-0 .person").textContent();
  assert.equal(first, "Ann O'Connor");
  await close(page);
});

test("customer is opened and closed by keyboard", async () => {
  const page = await open();
  await total(page, "60 customers");
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator("#drawer h2").waitFor();
  const name = await page.locator("#row-1 .person").textContent();
  assert.equal(await page.locator("#drawer h2").textContent(), name);
  await page.keyboard.press("Escape");
  await page.locator("#drawer").waitFor({ state: "hidden" });
  await close(page);
});

test("palette runs commands and finds customers", async () => {
  const page = await open();
  await total(page, "60 customers");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("show vip");
  await page.keyboard.press("Enter");
  await total(page, "10 customers");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await page.locator("#row-6.cursor").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("okafor");
  await page.getByRole("option", { name: /Margaret Okafor/ }).click();
  await page.locator("#drawer h2", { hasText: "Margaret Okafor" }).waitFor();
  await close(page);
});

test("call of the list is shown as GraphQL and as curl", async () => {
  const page = await open();
  await total(page, "60 customers");
  await page.locator(".toolbar").getByRole("button", { name: "Show API call" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.locator("pre").textContent(), /paginatedCustomers/);
  await dialog.getByRole("button", { name: "curl" }).click();
  const text = await dialog.locator("pre").textContent();
  assert.match(text, /^curl -s \\/);
  assert.match(text, /Bearer \$KEY/);
  assert.doesNotMatch(text, /ctc_live/);
  await close(page);
});
