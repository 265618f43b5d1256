// Walks through a list of the funnels API in every order, in both directions, while others write. The result equals a list
// that is sorted here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { GraphQLClient } from "graphql-request";

import { setting } from "./settings.js";

/** Number of customers that are created: 2,000, or the environment variable WALKED. */
const COUNT = Number(process.env["WALKED"] ?? 2_000);

const COLUMNS = ["id", "created_at", "updated_at", "email", "first_name", "last_name", "full_name", "expenses", "orders_count"];
const NAMES = ["ann", "Ann", "Ánn", "Bob", "O'Neil", "oneil", "Øre", "", "Zoë", "Łukasz", "straße", "Strasse"];

type Customer = {
  _id: number;
  email: string;
  first_name: string;
  last_name: string;
  full_name: string;
  expenses: number;
  orders_count: number;
  updated_at: string;
};
type Page = { customers: { edges: { node: Customer }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } };

const endpoint = `${setting("CLIENTELE_URL")}/api/v2`;
const client = new GraphQLClient(endpoint, { headers: { Authorization: `Bearer ${setting("CLIENTELE_FUNNELS_KEY")}` } });

const PAGE = `query Page($query: String!, $after: String) { customers(query: $query, first: 250, after: $after) {
  edges { node { _id email first_name last_name full_name expenses orders_count updated_at(format: "x") } }
  pageInfo { hasNextPage endCursor } } }`;
const CREATE = "mutation Create($node: InputCustomer!) { createCustomer(node: $node) { _id } }";
const UPDATE = "mutation Update($id: ID!, $node: InputUpdateCustomer!) { updateCustomer(id: $id, node: $node) { _id } }";

function name(at: number): string {
  return NAMES[at % NAMES.length] ?? "";
}

function person(at: number): object {
  return {
    email: `${at % 3 ? "a" : "B"}${at % 97}@example.com`, phone: "", first_name: name(at), last_name: name(Math.floor(at / 5)),
    accepts_marketing: at % 2 === 0, tags: [],
  };
}

/** Imports one to three orders of every seventh customer; many customers have the same sums. */
function importOrders(): void {
  const folder = mkdtempSync(join(tmpdir(), "clientele-"));
  const file = join(folder, "orders.csv");
  const rows = Array.from({ length: Math.floor(COUNT / 7) }, (_, at) => at * 7 + 1).flatMap((customer) =>
    Array.from({ length: 1 + (customer % 3) }, (_, nth) => {
      return `${customer}-${nth},cust_${customer},2024-01-15,shipped,${(customer % 40) * 10 + nth}.5`;
    }),
  );
  writeFileSync(file, ["orderId,customerId,orderDate,status,total", ...rows, ""].join("\n"));
  const target = ["--tenant", "funnels", "--dynamodb", setting("CLIENTELE_URL")];
  execFileSync(setting("CLIENTELE_SYNC_AGENT"), ["import", "orders", file, "--source", "walk", ...target]);
  rmSync(folder, { recursive: true });
}

/** Reads a list to its end; runs `between` after each page. */
async function walk(query: string, between: () => Promise<void> = async () => {}): Promise<Customer[]> {
  const seen: Customer[] = [];
  for (let after: string | null = null; ; ) {
    const { customers }: Page = await client.request<Page>(PAGE, { query, after });
    seen.push(...customers.edges.map((edge) => edge.node));
    if (!customers.pageInfo.hasNextPage) return seen;
    after = customers.pageInfo.endCursor;
    await between();
  }
}

/** A text as the API's documentation says that texts are ordered: without case, accents and apostrophes. */
function folded(text: string): string {
  const letters: Record<string, string> = { ß: "ss", ø: "o", ł: "l" };
  const plain = text.toLowerCase().replace(/['’]/g, "").normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[ßøł]/g, (letter) => letters[letter] ?? letter).trim();
}

function sorted(customers: Customer[], column: string, direction: string): number[] {
  const value = (customer: Customer): Buffer | number => {
    if (column === "id" || column === "created_at") return customer._id;
    if (column === "updated_at") return Number(customer.updated_at);
    if (column === "expenses" || column === "orders_count") return customer[column];
    return Buffer.from(folded(customer[column as "email"]));
  };
  const compare = (one: Customer, other: Customer): number => {
    const [a, b] = [value(one), value(other)];
    const order = a instanceof Buffer && b instanceof Buffer ? a.compare(b) : Number(a) - Number(b);
    return order || one._id - other._id;
  };
  const ascending = customers.toSorted(compare).map((customer) => customer._id);
  return direction === "asc" ? ascending : ascending.toReversed();
}

before(async () => {
  for (let at = 0; at < COUNT; at += 50) {
    const part = Array.from({ length: Math.min(50, COUNT - at) }, (_, index) => at + index);
    await Promise.all(part.map((index) => client.request(CREATE, { node: person(index) })));
  }
  importOrders();
});

test("every order equals a list that is sorted here", async () => {
  const all = await walk("");
  assert.equal(all.length, COUNT);
  assert.ok(all.some((one) => one.orders_count === 3 && one.expenses > 300));
  for (const column of COLUMNS) {
    for (const direction of ["asc", "desc"]) {
      const seen = await walk(`order_by:${column} order_dir:${direction}`);
      assert.deepEqual(seen.map((one) => one._id), sorted(all, column, direction), `${column} ${direction}`);
    }
  }
});

test("customers whose value stays appear exactly once while others write", async () => {
  let written = 0;
  for (const column of COLUMNS) {
    for (const direction of ["asc", "desc"]) {
      const query = `order_by:${column} order_dir:${direction}`;
      const earlier = await walk(query);
      const changed = new Set<number>();
      const seen = await walk(query, async () => {
        written += 1;
        const id = 1 + ((written * 389) % COUNT);
        changed.add(id);
        const node = { first_name: `Moved ${written}`, last_name: name(written), email: `${written}@moved.example` };
        await Promise.all([
          client.request(CREATE, { node: person(written) }),
          client.request(UPDATE, { id, node }),
        ]);
      });
      const stayed = earlier.filter((one) => !changed.has(one._id)).map((one) => one._id);
      const known = new Set(stayed);
      assert.deepEqual(seen.map((one) => one._id).filter((id) => known.has(id)), stayed, query);
    }
  }
});
