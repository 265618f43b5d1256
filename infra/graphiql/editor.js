// The published GraphiQL as the console uses it. The console sends the requests, so the key is never in the editor's own
// storage, which lasts as long as the tab.

import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

let root;
let mounted = 0;

/** Storage that ends with the tab. Each API has its own. */
function tabStorage(name) {
  const key = (item) => `${name}:${item}`;
  return {
    getItem: (item) => sessionStorage.getItem(key(item)),
    setItem: (item, value) => sessionStorage.setItem(key(item), value),
    removeItem: (item) => sessionStorage.removeItem(key(item)),
    get length() {
      return sessionStorage.length;
    },
    clear: () => sessionStorage.clear(),
  };
}

/** Shows GraphiQL with a sample in its editor. */
export function mount(place, { name, send, sample }) {
  root ??= createRoot(place);
  mounted += 1;
  root.render(createElement(GraphiQL, {
    key: mounted,
    fetcher: send,
    storage: tabStorage(name),
    query: sample.document,
    variables: JSON.stringify(sample.variables, null, 2),
    defaultEditorToolsVisibility: "variables",
    isHeadersEditorEnabled: false,
    shouldPersistHeaders: false,
  }));
}
