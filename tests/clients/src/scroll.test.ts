// An infinite scroll by Apollo Client to the end of many customers, while somebody else works on them.
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

/** How many customers there are, with the numbers from 1. */
const LOADED = Number(setting("CLIENTELE_CUSTOMERS"));
const PAGE = 100;

type List = InfiniteCustomersQuery["infiniteCustomers"];
type Query = ObservableQuery<InfiniteCustomersQuery, InfiniteCustomersQueryVariables>;

function numbers(list: List): number[] {
  return list.edges.map((edge) => Number(edge.node.id.replace("cust_", "")));
}

/** What the query shows, in a program what is on the screen, as soon as that is so. */
async function shown(query: Query, isSo: (list: List) => boolean = () => true): Promise<List> {
  const lists = query.pipe(
    map((result) => {
      assert.equal(result.error, undefined);
      return result.dataState === "complete" ? result.data.infiniteCustomers : undefined;
    }),
    filter((list) => list !== undefined && isSo(list)),
  );
  const list = await firstValueFrom(lists);
  assert.ok(list);
  return list;
}

/** Scrolls on to the end, page by page: who scrolls asks for more when what was asked for is on the screen. */
async function* morePages(query: Query): AsyncGenerator<List> {
  for (let list = await shown(query); list.pageInfo.hasNextPage; ) {
    const { data, error } = await query.fetchMore({ variables: { after: list.pageInfo.endCursor ?? null } });
    assert.ok(data, `${error}`);
    const page = data.infiniteCustomers;
    const length = list.edges.length + page.edges.length;
    list = await shown(query, ({ edges, pageInfo }) => {
      return edges.length === length && pageInfo.hasNextPage === page.pageInfo.hasNextPage;
    });
    yield page;
  }
}

/** Scrolls to the end while the editor works around the place where the scroll is; looks at each page. */
async function scrollWhile(editor: Editor, query: Query, look: (page: List) => void): Promise<List> {
  const reader = { at: numbers(await shown(query)).at(-1) ?? 0, isDone: false };
  const scroll = async (): Promise<void> => {
    try {
      for await (const page of morePages(query)) {
        look(page);
        reader.at = numbers(page).at(-1) ?? reader.at;
      }
    } finally {
      reader.isDone = true;
    }
  };
  await Promise.all([scroll(), editor.work(reader)]);
  return shown(query);
}

function isDescending(all: number[]): boolean {
  return all.every((number, at) => at === 0 || number < (all[at - 1] ?? 0));
}

test(`every one of ${LOADED} customers is seen once, in order, while others are created and changed`, async (t) => {
  const client = apollo(setting("CLIENTELE_SCROLL_READER"));
  const editor = new Editor(requester(setting("CLIENTELE_SCROLL_WRITER")));
  const query = client.watchQuery({ query: InfiniteCustomersDocument, variables: { first: PAGE } });
  const screen = query.subscribe(() => undefined);
  assert.equal((await shown(query)).totalCount, LOADED);

  let [pages, least] = [1, LOADED];
  const list = await scrollWhile(editor, query, ({ edges, totalCount, pageInfo }) => {
    const most = LOADED + editor.begun;
    assert.ok(totalCount >= least && totalCount <= most, `${totalCount} is not between ${least} and ${most}`);
    assert.ok(edges.length === PAGE || !pageInfo.hasNextPage, `a page of ${edges.length} in the middle`);
    pages += 1;
    // The next page is asked for after these.
    least = LOADED + editor.created.length;
  });
  const seen = numbers(list);
  assert.deepEqual(seen, Array.from({ length: LOADED }, (_, at) => LOADED - at));
  assert.equal(pages, Math.ceil(LOADED / PAGE));
  assert.ok(editor.created.length > 0 && editor.changed.size > 1, "nobody worked on the customers meanwhile");
  t.diagnostic(`${pages} pages; meanwhile ${editor.created.length} created, ${editor.changed.size} changed`);

  // Who looks again sees what was created meanwhile.
  const { data } = await query.refetch();
  assert.equal(data?.infiniteCustomers.totalCount, LOADED + editor.created.length);
  const newest = editor.created.slice(-PAGE).reverse();
  assert.deepEqual(data?.infiniteCustomers.edges.slice(0, newest.length).map((edge) => edge.node.id), newest);
  screen.unsubscribe();
});

test("a filtered search is read on through changes of what it filters by", async (t) => {
  const client = apollo(setting("CLIENTELE_SCROLL_READER"));
  const writer = requester(setting("CLIENTELE_SCROLL_WRITER"));
  const filtered = { first: PAGE, filter: { status: "LEAD" as const }, search: "lind" };
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
  const list = await scrollWhile(editor, query, ({ edges }) => {
    assert.ok(edges.every((edge) => edge.node.status === "LEAD"));
  });
  const seen = numbers(list);
  assert.ok(isDescending(seen), "a repeat, or out of order");
  const untouched = before.filter((number) => !editor.changed.has(number));
  assert.deepEqual(seen.filter((number) => !editor.changed.has(number)), untouched);
  screen.unsubscribe();
  t.diagnostic(`${seen.length} seen of ${before.length}; meanwhile ${editor.changed.size} changed`);
});
