// axe finds nothing at WCAG 2.2 AA, in light and in dark.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { close, open, total } from "./stack.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The states of the console, and what is visible in each. */
const STATES = [
  { name: "customers", path: "/", ready: (page) => total(page, "customers") },
  { name: "drawer", path: "/#/customers/cust_1", ready: async (page) => {
    await page.locator(".later.prices table").waitFor();
  } },
  { name: "editor", path: "/#/customers/cust_1", ready: async (page) => {
    await page.getByRole("button", { name: /margaret.okafor@/ }).click();
    await page.locator(".edit input").fill("x");
    await page.keyboard.press("Enter");
    await page.locator(".edit .error", { hasText: "email" }).waitFor();
  } },
  { name: "selection", path: "/", ready: async (page) => {
    await total(page, "customers");
    await page.locator(".row:not([hidden]) .select input").first().click();
    await page.locator(".bulk:not([hidden])").waitFor();
  } },
  { name: "palette", path: "/", ready: async (page) => {
    await total(page, "customers");
    await page.keyboard.press("Control+k");
    await page.getByRole("listbox").waitFor();
  } },
  { name: "new customer", path: "/", ready: async (page) => {
    await page.getByRole("button", { name: "New customer" }).click();
    await page.getByRole("dialog").waitFor();
  } },
  { name: "requests", path: "/#/requests", ready: async (page) => {
    await page.locator("tbody .link").first().click();
    await page.getByRole("heading", { name: "Event" }).waitFor();
  } },
  { name: "keys", path: "/#/keys", ready: (page) => page.getByRole("button", { name: "Reset the demo" }).waitFor() },
  { name: "mirror", path: "/#/mirror", ready: (page) => page.getByRole("heading", { name: /^Conflicts/ }).waitFor() },
  { name: "reference of trades", path: "/docs", ready: (page) => page.getByRole("heading", { name: "Schemas" }).waitFor() },
  { name: "reference of pool", path: "/docs#pool", ready: async (page) => {
    await page.locator(".sample summary").first().click();
    await page.getByRole("heading", { name: "Scalars" }).waitFor();
  } },
  { name: "import", path: "/", ready: async (page) => {
    await total(page, "customers");
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["id,firstName,isVip\n1,Ada,perhaps\n"], "a.csv"));
      return data;
    });
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await page.getByRole("button", { name: "Check all rows" }).click();
    await page.getByText("1 rejected").waitFor();
  } },
  { name: "functions", path: "/#/functions", ready: (page) => page.getByText("trades-customer-get").waitFor() },
];

for (const dark of [false, true]) {
  for (const { name, path, ready } of STATES) {
    test(`axe finds nothing in ${name}, ${dark ? "dark" : "light"}`, async () => {
      for (const width of [1280, 390]) {
        const page = await open(path, { dark, width });
        await ready(page);
        // Runs outside the content security policy of the page.
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
        const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) =>
          `${id}: ${html.slice(0, 160)} ${any.map(({ message }) => message).join("; ")}`));
        assert.deepEqual(found, [], `${width} px`);
        await close(page);
      }
    });
  }
}
