// Changes: editing with the API's errors, creating, deleting, and changes of many customers, all with an undo.

import assert from "node:assert/strict";
import { test } from "node:test";

import { close, field, open, pool, row, total } from "./stack.js";

const undo = (page, text) => page.locator(".toast", { hasText: text }).getByRole("button", { name: "Undo" }).click();

async function edit(page, label, value) {
  const place = field(page, label);
  await place.getByRole("button").click();
  await place.locator("input, textarea").fill(value);
  await place.getByRole("button", { name: "Save" }).click();
  return place;
}

test("edit shows the error of the API, then saves and can be undone", async () => {
  const page = await open("/#/customers/cust_59");
  const before = (await pool('{ customer(selector: { id: "cust_59" }) { email } }')).customer.email;
  const place = await edit(page, "Email", "not an email");
  await place.locator(".error", { hasText: "must be an email address" }).waitFor();
  await place.locator("input").fill("new.address@example.com");
  await page.keyboard.press("Enter");
  await place.getByRole("button", { name: "new.address@example.com" }).waitFor();
  await row(page, "new.address@example.com").waitFor();
  await undo(page, "Email is saved");
  await place.getByRole("button", { name: before ?? "–" }).waitFor();
  assert.equal((await pool('{ customer(selector: { id: "cust_59" }) { email } }')).customer.email, before);
  await close(page);
});

test("fields of every API are edited with its own rules", async () => {
  const page = await open("/#/customers/cust_3");
  let place = await edit(page, "Payment terms", "cod");
  await place.locator(".error", { hasText: "net_" }).waitFor();
  await place.locator("input").fill("net_30");
  await page.keyboard.press("Enter");
  await place.getByRole("button", { name: "net_30" }).waitFor();
  place = await edit(page, "Second line", "Suite 4");
  await place.getByRole("button", { name: "Suite 4" }).waitFor();
  place = await edit(page, "Country", "US");
  await place.getByRole("button", { name: "US" }).waitFor();
  await field(page, "VIP").getByRole("checkbox").click();
  await undo(page, "VIP is saved");
  await page.locator(".toast", { hasText: "VIP is as before" }).waitFor();
  await page.reload();
  await field(page, "Payment terms").getByRole("button", { name: "net_30" }).waitFor();
  await field(page, "Country").getByRole("button", { name: "US" }).waitFor();
  await close(page);
});

test("contact is added, edited and deleted", async () => {
  const page = await open("/#/customers/cust_4");
  await page.getByRole("button", { name: "Add contact" }).click();
  await page.getByRole("dialog").getByLabel("Email").fill("x");
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("Sam Field");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").locator(".error", { hasText: "must be an email address" }).waitFor();
  await page.getByRole("dialog").getByLabel("Email").fill("sam@example.com");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.locator(".contact", { hasText: "Sam Field" }).waitFor();
  await page.getByRole("button", { name: "Delete Sam Field" }).click();
  await page.locator(".contact").waitFor({ state: "detached" });
  await undo(page, "Sam Field is deleted");
  await page.locator(".contact", { hasText: "Sam Field" }).waitFor();
  await close(page);
});

test("customer is created with the API's errors, then deleted and restored", async () => {
  const page = await open();
  await total(page, "60 customers");
  await page.getByRole("button", { name: "New customer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("First name").fill("Grace");
  await dialog.getByLabel("Last name").fill("Hopper");
  await dialog.getByLabel("Email").fill("x");
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.locator(".error", { hasText: "must be an email address" }).waitFor();
  await dialog.getByLabel("Email").fill("grace@example.com");
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.locator("#drawer h2", { hasText: "Grace Hopper" }).waitFor();
  await total(page, "61 customers");
  await page.locator("#drawer").getByRole("button", { name: "Delete", exact: true }).click();
  await total(page, "60 customers");
  await undo(page, "Grace Hopper is deleted");
  await total(page, "61 customers");
  await row(page, "Grace Hopper").click();
  await page.locator("#drawer").getByRole("button", { name: "Delete", exact: true }).click();
  await total(page, "60 customers");
  await close(page);
});

test("status and tags of many customers are changed and put back", async () => {
  const page = await open();
  await total(page, "60 customers");
  const rows = page.locator(".row:not([hidden])");
  await rows.nth(0).locator(".select input").click();
  await rows.nth(3).locator(".select input").click({ modifiers: ["Shift"] });
  await page.getByText("4 customers selected").waitFor();
  const query = '{ infiniteCustomers(first: 4) { edges { node { id status tags { name } } } } }';
  const before = await pool(query);
  await page.getByLabel("Set status").selectOption("INACTIVE");
  await page.locator(".toast", { hasText: "4 customers set to inactive" }).waitFor();
  assert.deepEqual((await pool(query)).infiniteCustomers.edges.map(({ node }) => node.status), Array(4).fill("INACTIVE"));
  await undo(page, "4 customers set to inactive");
  await page.locator(".toast", { hasText: "changed back" }).waitFor();
  assert.deepEqual(await pool(query), before);
  await page.getByRole("button", { name: "Add tag" }).click();
  await page.getByRole("dialog").getByLabel("New tag").fill("autumn");
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await page.locator(".toast", { hasText: "tagged “autumn”" }).waitFor();
  assert.ok((await pool(query)).infiniteCustomers.edges.every(({ node }) => node.tags.some(({ name }) => name === "autumn")));
  await undo(page, "tagged “autumn”");
  await page.locator(".toast", { hasText: "changed back" }).nth(1).waitFor();
  assert.deepEqual(await pool(query), before);
  await close(page);
});

test("undo of a second tag leaves the first, however many customers there are", async () => {
  const page = await open("/", { address: process.env.CLIENTELE_LARGE_URL });
  const all = Number(process.env.CLIENTELE_CUSTOMERS).toLocaleString("en-GB");
  await total(page, `${all} customers`);
  await page.getByLabel("Search customers").fill("Ada Lovelace");
  await page.locator(".total", { hasText: /^(At least )?\d+ customers$/ }).waitFor();
  await page.locator(".row:not([hidden]) .person", { hasText: "Ada Lovelace" }).first().waitFor();
  await page.getByLabel("Select all customers of the list").click();
  await page.getByLabel("Set status").waitFor({ timeout: 60_000 });
  for (const tag of ["first of two", "second of two"]) {
    await page.getByRole("button", { name: "Add tag" }).click();
    await page.getByRole("dialog").getByLabel("New tag").fill(tag);
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await page.locator(".toast", { hasText: `tagged “${tag}”` }).waitFor({ timeout: 60_000 });
  }
  await undo(page, "tagged “second of two”");
  await page.locator(".toast", { hasText: "changed back" }).waitFor({ timeout: 60_000 });
  const large = (query) => pool(query, {}, process.env.CLIENTELE_LARGE_URL, process.env.CLIENTELE_LARGE_KEY);
  const { tags } = await large("{ tags { id name } }");
  const tagged = async (name) => {
    const { id } = tags.find((tag) => tag.name === name);
    const { paginatedCustomers } = await large(`{ paginatedCustomers(limit: 1, filter: { tagIds: ["${id}"] }) { pagination { total } } }`);
    return paginatedCustomers.pagination.total;
  };
  const selected = Number((await page.locator(".bulk .count").textContent()).replace(/\D/g, ""));
  assert.deepEqual([await tagged("first of two"), await tagged("second of two")], [selected, 0]);
  await close(page);
});
