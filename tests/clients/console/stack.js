// The parts that the tests share: Chromium, a page of the console, and the local stack that the script has started.

import { after } from "node:test";

import { chromium } from "playwright-core";

/** Address of the local stack with the demo tenant. */
export const url = process.env.CLIENTELE_URL;
/** Its API key. */
export const key = process.env.CLIENTELE_KEY;
/** Address of the QuickBooks stand-in. */
export const quickbooks = process.env.CLIENTELE_QUICKBOOKS;
if (!url || !key) throw new Error("run this through infra/scripts/console-clients");

let browser;

after(() => browser?.close());

/** Opens the console in a context of its own. Every error in the browser fails the test. */
export async function open(path = "/", { width = 1280, height = 800, dark = false, address = url, downloads = false } = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // Chromium does not start as root with its sandbox, and containers have little shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light",
    acceptDownloads: downloads, locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(process.env.PW_TIMEOUT ?? 30_000));
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) errors.push(message.text());
  });
  page.errors = errors;
  await page.goto(address + path);
  return page;
}

/** Closes the page, and fails if the browser has reported an error. */
export async function close(page) {
  const { errors } = page;
  await page.context().close();
  if (errors.length) throw new Error(`errors in the browser:\n${errors.join("\n")}`);
}

/** Waits until the table shows this number of customers, and the first of them. */
export async function total(page, text) {
  await page.locator(".total", { hasText: text }).waitFor();
  await page.locator("#row-0:not(.waiting)").waitFor();
}

/** The row of the table with this text. */
export function row(page, text) {
  return page.locator(".row:not([hidden])", { hasText: text }).first();
}

/** The value of a field in the drawer. */
export function field(page, label) {
  return page.locator("dt", { hasText: new RegExp(`^${label}$`) }).first().locator("xpath=following-sibling::dd[1]");
}

/** Calls the pool API. */
export async function pool(query, variables, address = url, secret = key) {
  const response = await fetch(`${address}/graphql`, { method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" }, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}
