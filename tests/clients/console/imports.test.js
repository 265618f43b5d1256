// A dropped CSV file is mapped, checked and imported, with rejects to download; and customers are exported.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { close, open, row, total } from "./stack.js";

const FILE = `id,Given name,Family,firstName,isVip,favourite
1,,Byron,Ada,perhaps,blue
2,,Somerville,Mary,true,green
3,,Noether,Emmy,no,red
`;

/** Drops a file on the page, as a person does. Its content is a text or an array of bytes. */
async function drop(page, name, content) {
  const transfer = await page.evaluateHandle(([fileName, parts]) => {
    const data = new DataTransfer();
    const part = Array.isArray(parts) ? new Uint8Array(parts) : parts;
    data.items.add(new File([part], fileName, { type: "text/csv" }));
    return data;
  }, [name, content]);
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
}

test("dropped file is previewed, checked, imported, and its rejects are downloaded", async () => {
  const page = await open("/", { downloads: true });
  await total(page, "60 customers");
  const name = `people-${Date.now()}.csv`;
  await drop(page, name, FILE);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("cell", { name: "Somerville" }).waitFor();
  assert.equal(await dialog.getByLabel("Field of the column Given name").inputValue(), "firstName");
  await dialog.getByLabel("Field of the column Given name").selectOption("");
  await dialog.getByLabel("Field of the column firstName").selectOption("firstName");
  await dialog.getByLabel("Field of the column Family").selectOption("lastName");
  await dialog.getByRole("button", { name: "Check all rows" }).click();
  await dialog.getByText("2 would be created, 0 already imported, 1 rejected.").waitFor();
  await dialog.getByText("isVip: must be true or false").waitFor();
  await total(page, "60 customers");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("2 created, 0 already imported, 1 rejected.").waitFor();
  await dialog.getByText("Columns that are not imported: Given name, favourite.").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"),
    dialog.getByRole("link", { name: "Download the rejected rows" }).click()]);
  const rejects = readFileSync(await download.path(), "utf8");
  assert.match(rejects, /^line,reason,id,Given name,Family,firstName,isVip,favourite\r?\n2,/);
  await dialog.getByRole("button", { name: "Close" }).click();
  await total(page, "62 customers");

  await drop(page, name.replace(".csv", ".rejects.csv"), rejects.replaceAll("perhaps", "yes"));
  await dialog.getByLabel("Field of the column Given name").selectOption("");
  await dialog.getByLabel("Field of the column firstName").selectOption("firstName");
  await dialog.getByLabel("Field of the column Family").selectOption("lastName");
  await dialog.getByLabel(/^Source/).fill(name);
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("1 created, 0 already imported, 0 rejected.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await total(page, "63 customers");
  await row(page, "Ada Byron").waitFor();
  for (let left = 62; left >= 60; left -= 1) {
    await row(page, "cust_").click();
    await page.locator("#drawer").getByRole("button", { name: "Delete", exact: true }).click();
    await total(page, `${left} customers`);
  }
  await close(page);
});

test("file with semicolons and in another encoding is read as a person says", async () => {
  const page = await open();
  await total(page, "60 customers");
  const bytes = [...Buffer.from("id;firstName;lastName\n1;Zo\xeb;M\xfcller\n", "latin1")];
  await drop(page, `latin-${Date.now()}.csv`, bytes);
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("cell", { name: "Zo\ufffd" }).waitFor();
  assert.equal(await dialog.getByLabel("Separator").inputValue(), ";");
  assert.equal(await dialog.getByLabel("Field of the column lastName").inputValue(), "lastName");
  await dialog.getByLabel("Encoding").selectOption("Windows-1252");
  await dialog.getByRole("cell", { name: "Müller" }).waitFor();
  await dialog.getByRole("button", { name: "Check all rows" }).click();
  await dialog.getByText("1 would be created, 0 already imported, 0 rejected.").waitFor();
  await dialog.getByRole("button", { name: "Show API calls" }).click();
  const commands = page.getByRole("dialog", { name: "API calls" });
  assert.match(await commands.locator("pre").first().textContent(), /--data-binary '@latin-\d+\.csv'$/);
  await close(page);
});

test("export of a known product is imported by its preset", async () => {
  const page = await open();
  await total(page, "60 customers");
  const file = new URL("../../../sync-agent/tests/import/presets/jobber.csv", import.meta.url);
  await drop(page, "jobber.csv", readFileSync(file, "utf8"));
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Columns with values that are not imported:").waitFor();
  await dialog.getByRole("button", { name: "Use the preset of Jobber" }).click();
  await dialog.getByText("The preset of Jobber maps the columns.").waitFor();
  await dialog.getByRole("button", { name: "Check all rows" }).click();
  await dialog.getByText("2 would be created, 0 already imported, 0 rejected.").waitFor();
  await dialog.getByRole("button", { name: "Choose fields instead" }).click();
  await dialog.getByRole("button", { name: "Check all rows" }).click();
  await dialog.getByText(/column `E-mails` is not imported, but \d+ cells? ha(s|ve) (a value|values)/).waitFor();
  await close(page);
});

test("columns without a name, and names in another encoding, do not stand in the way", async () => {
  const page = await open();
  await total(page, "60 customers");
  await drop(page, `unnamed-${Date.now()}.csv`, "email,firstName,,\nada@example.com,Ada,,\n");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Check all rows" }).click();
  await dialog.getByText("1 would be created, 0 already imported, 0 rejected.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await drop(page, `german-${Date.now()}.csv`, [...Buffer.from("id,firstName,Stra\xdfe\n1,J\xf6rg,Hauptstra\xdfe 1\n", "latin1")]);
  await dialog.getByRole("cell", { name: "Jörg" }).waitFor();
  assert.equal(await dialog.getByLabel("Encoding").inputValue(), "windows-1252");
  await dialog.getByLabel("Field of the column Straße").selectOption("street");
  await dialog.getByRole("button", { name: "Check all rows" }).click();
  await dialog.getByText("1 would be created, 0 already imported, 0 rejected.").waitFor();
  await close(page);
});

test("file without customers is refused in words", async () => {
  const page = await open();
  await total(page, "60 customers");
  await drop(page, "empty.csv", "");
  await page.locator(".toast.bad", { hasText: "first line must name the columns" }).waitFor();
  await drop(page, "other.csv", "colour\nblue\n");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.locator(".error").waitFor();
  await close(page);
});

test("customers are exported with the status and the search of the table", async () => {
  const page = await open("/", { downloads: true });
  await total(page, "60 customers");
  await page.getByLabel("Search customers").fill("okafor");
  await total(page, "1 customer");
  await page.getByRole("button", { name: "Export" }).click();
  const dialog = page.getByRole("dialog");
  assert.equal(await dialog.getByLabel("Search").inputValue(), "okafor");
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Export" }).click()]);
  const text = readFileSync(await download.path(), "utf8");
  assert.match(text, /^id,firstName,/);
  assert.match(text, /cust_1,Margaret,Okafor/);
  assert.equal(text.trim().split("\n").length, 2);
  await close(page);
});
