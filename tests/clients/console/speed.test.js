// 100,000 customers: scrolling to row 50,000, and how long painting takes. Times are reported, not asserted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { close, open, pool, total } from "./stack.js";

const customers = Number(process.env.CLIENTELE_CUSTOMERS);
const all = customers.toLocaleString("en-GB");

/** Returns the id of the customer at this place of the list, as the API has it. */
async function idAt(index) {
  const query = "query($page: Int!) { paginatedCustomers(page: $page, limit: 100) { data { id } } }";
  const page = Math.floor(index / 100) + 1;
  const { paginatedCustomers } = await pool(query, { page }, process.env.CLIENTELE_LARGE_URL, process.env.CLIENTELE_LARGE_KEY);
  return paginatedCustomers.data[index % 100].id;
}

/** Starts to observe painting and interactions before the page loads. */
function observe() {
  globalThis.shifts = 0;
  globalThis.interactions = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifts += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    for (const { name, duration, interactionId } of list.getEntries()) {
      if (interactionId) globalThis.interactions.push({ name, duration });
    }
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
}

test("table scrolls to any row, and stays still while it loads", async (context) => {
  const page = await open("/docs");
  await page.context().addInitScript(observe);
  await page.goto(process.env.CLIENTELE_LARGE_URL);
  await total(page, `${all} customers`);
  await page.locator(".row:not([hidden]):not(.waiting)").first().waitFor();
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  context.diagnostic(`first contentful paint: ${paint.toFixed(0)} ms`);

  const rows = page.getByRole("grid");
  const index = Math.min(customers, 50_000) - 1;
  const started = Date.now();
  await rows.evaluate((element, at) => { element.scrollTop = at * 36; }, index);
  await page.locator(`#row-${index}:not(.waiting) .number`).waitFor();
  context.diagnostic(`row ${(index + 1).toLocaleString("en-GB")} is loaded after ${Date.now() - started} ms`);
  assert.equal(await page.locator(`#row-${index} .cell.number`).textContent(), await idAt(index));

  for (let presses = 0; presses < 20; presses += 1) await page.keyboard.press("ArrowDown");
  await page.getByLabel("Search customers").pressSequentially("lovelace", { delay: 30 });
  await page.locator(".row:not([hidden]) .person", { hasText: "Lovelace" }).first().waitFor();
  await page.locator(".row:not([hidden]) .select input").first().click();
  await page.locator(".row:not([hidden]) .person").nth(2).click();
  await page.locator("#drawer h2").waitFor();
  const { interactions, shifts } = await page.evaluate(() => ({ interactions: globalThis.interactions, shifts: globalThis.shifts }));
  const slowest = interactions.sort((a, b) => b.duration - a.duration).slice(0, 3);
  const times = slowest.map(({ name, duration }) => `${name} ${duration} ms`).join(", ") || "none above 16 ms";
  context.diagnostic(`slowest interactions until the next paint: ${times}`);
  context.diagnostic(`cumulative layout shift: ${shifts.toFixed(4)}`);
  await close(page);
});

test("wheel scrolling keeps the frames short", async (context) => {
  const page = await open("/", { address: process.env.CLIENTELE_LARGE_URL });
  await total(page, `${all} customers`);
  await page.mouse.move(600, 500);
  const frames = page.evaluate(() => new Promise((done) => {
    const times = [];
    let last = performance.now();
    const frame = (now) => {
      times.push(now - last);
      last = now;
      if (times.length < 120) requestAnimationFrame(frame);
      else done(times.sort((a, b) => a - b));
    };
    requestAnimationFrame(frame);
  }));
  for (let turn = 0; turn < 60; turn += 1) await page.mouse.wheel(0, 900);
  const times = await frames;
  context.diagnostic(`frames while scrolling: median ${times[60].toFixed(0)} ms, 95th percentile ${times[114].toFixed(0)} ms`);
  await close(page);
});
