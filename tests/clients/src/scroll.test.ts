// Infinite scrolling by Apollo Client through a long list of customers during concurrent writes.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservableQuery } from "@apollo/client";
import { filter, firstValueFrom, map } from "rxjs";

import {
  InfiniteCustomersDocument,
  type InfiniteCustomersQuery,
  type InfiniteCustomersQueryVariables,
} from "../generated/graphql.js";
import { Editor } from "./editor.js";
import { setting } from "./settings.js";
import { apollo, requester } from "./stack.js";

/** Number of customers loaded before the tests. Their numbers start at 1. */
const LOADED = Number(setting("CLIENTELE_CUSTOMERS"));
const PAGE_SIZE = 100;

type List = InfiniteCustomersQuery["infiniteCustomers"];
type Query = ObservableQuery<InfiniteCustomersQuery, InfiniteCustomersQueryVariables>;

function numbers(list: List): number[] {
  return list.edges.map((edge) => Number(edge.node.id.replace("cust_", "")));
}

/** Returns the list that the query displays, as soon as the condition is met. */
async function displayed(query: Query, isReady: (list: List) => boolean = () => true): Promise<List> {
  const lists = query.pipe(
    map((result) => {
      assert.equal(result.error, undefined);
      return result.dataState === "complete" ? result.data.infiniteCustomers : undefined;
    }),
    filter((list) => list !== undefined && isReady(list)),
  );
  const list = await firstValueFrom(lists);
  assert.ok(list);
  return list;
}

/** Scrolls to the end. Like a user, requests the next page once the previous one is displayed. */
async function* morePages(query: Query): AsyncGenerator<List> {
  for (let list = await displayed(query); list.pageInfo.hasNextPage; ) {
    const { data, error } = await query.fetchMore({ variables: { after: list.pageInfo.endCursor ?? null } });
    assert.ok(data, `${error}`);
    const page = data.infiniteCustomers;
    const length = list.edges.length + page.edges.length;
    list = await displayed(query, ({ edges, pageInfo }) => {
      return edges.length === length && pageInfo.hasNextPage === page.pageInfo.hasNextPage;
    });
    yield page;
  }
}

/** Scrolls to the end while the editor writes around the scroll position. Passes each page to `check`. */
async function scrollDuring(editor: Editor, query: Query, check: (page: List) => void): Promise<List> {
  const reader = { at: numbers(await displayed(query)).at(-1) ?? 0, isDone: false };
  const scroll = async (): Promise<void> => {
    try {
      for await (const page of morePages(query)) {
        check(page);
        reader.at = numbers(page).at(-1) ?? reader.at;
      }
    } finally {
      reader.isDone = true;
    }
  };
  await Promise.all([scroll(), editor.work(reader)]);
  return displayed(query);
}

function isDescending(all: number[]): boolean {
  return all.every((number, at) => at === 0 || number < (all[at - 1] ?? 0));
}

test(`an infinite scroll returns all ${LOADED} customers once, in order, during concurrent writes`, async (t) => {
  const client = apollo(setting("CLIENTELE_SCROLL_READER"));
  const editor = new Editor(requester(setting("CLIENTELE_SCROLL_WRITER")));
  const query = client.watchQuery({ query: InfiniteCustomersDocument, variables: { first: PAGE_SIZE } });
  const screen = query.subscribe(() => undefined);
  assert.equal((await displayed(query)).totalCount, LOADED);

  let [pages, min] = [1, LOADED];
  const list = await scrollDuring(editor, query, ({ edges, totalCount, pageInfo }) => {
    const max = LOADED + editor.started;
    assert.ok(totalCount >= min && totalCount <= max, `${totalCount} is not between ${min} and ${max}`);
    assert.ok(edges.length === PAGE_SIZE || !pageInfo.hasNextPage, `only ${edges.length} on a page before the last`);
    pages += 1;
    // The next page is requested after these customers were created.
    min = LOADED + editor.created.length;
  });
  const seen = numbers(list);
  assert.deepEqual(seen, Array.from({ length: LOADED }, (_, at) => LOADED - at));
  assert.equal(pages, Math.ceil(LOADED / PAGE_SIZE));
  assert.ok(editor.created.length > 0 && editor.changed.size > 1, "the editor wrote nothing during the scroll");
  t.diagnostic(`${pages} pages; during the scroll, ${editor.created.length} created and ${editor.changed.size} changed`);

  // A refetch returns the customers created during the scroll.
  const { data } = await query.refetch();
  assert.equal(data?.infiniteCustomers.totalCount, LOADED + editor.created.length);
  const newest = editor.created.slice(-PAGE_SIZE).reverse();
  assert.deepEqual(data?.infiniteCustomers.edges.slice(0, newest.length).map((edge) => edge.node.id), newest);
  screen.unsubscribe();
});

test("a filtered search scrolls correctly while customers enter and leave the filter", async (t) => {
  const client = apollo(setting("CLIENTELE_SCROLL_READER"));
  const writer = requester(setting("CLIENTELE_SCROLL_WRITER"));
  const filtered = { first: PAGE_SIZE, filter: { status: "LEAD" as const }, search: "lind" };
  const before: number[] = [];
  for (let after: string | null = null; ; ) {
    const { infiniteCustomers }: InfiniteCustomersQuery = await writer.request(InfiniteCustomersDocument, {
      ...filtered,
      after,
    });
    before.push(...numbers(infiniteCustomers));
    after = infiniteCustomers.pageInfo.endCursor ?? null;
    if (!infiniteCustomers.pageInfo.hasNextPage) {
      assert.equal(infiniteCustomers.totalCount, before.length);
      break;
    }
  }

  const editor = new Editor(writer);
  const query = client.watchQuery({ query: InfiniteCustomersDocument, variables: filtered });
  const screen = query.subscribe(() => undefined);
  const list = await scrollDuring(editor, query, ({ edges }) => {
    assert.ok(edges.every((edge) => edge.node.status === "LEAD"));
  });
  const seen = numbers(list);
  assert.ok(isDescending(seen), "a customer is repeated or out of order");
  const untouched = before.filter((number) => !editor.changed.has(number));
  assert.deepEqual(seen.filter((number) => !editor.changed.has(number)), untouched);
  screen.unsubscribe();
  t.diagnostic(`${seen.length} of ${before.length} seen; during the scroll, ${editor.changed.size} changed`);
});
