// GraphiQL for both GraphQL APIs. The published editor is used if it has been built (infra/scripts/graphiql), and a plainer
// one otherwise.

import { fill, h } from "../shared/dom.js";
import { openSession, session } from "../shared/session.js";
import { plainEditor } from "./plain.js";
import { SAMPLES, titleOf } from "./samples.js";

const PATHS = { pool: "/graphql", funnels: "/api/v2" };

const api = document.getElementById("api");
const choice = document.getElementById("sample");
const note = document.getElementById("note");
const place = document.getElementById("editor");

/** Sends a document with the key. The response is the editor's to show. */
async function send(name, { query, variables, operationName }) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${session.key}` };
  const response = await fetch(session.stagePrefix + PATHS[name], { method: "POST", headers,
    body: JSON.stringify({ query, variables, operationName: operationName || undefined }) });
  return response.json();
}

/** Returns the function that shows an editor with a sample. */
async function openEditor() {
  if (!session.can.editor) return (name, sample) => plainEditor(place, { send: (body) => send(name, body), sample });
  document.head.append(h("link", { rel: "stylesheet", href: "/console/graphiql/bundle/editor.css" }));
  const { mount } = await import("/console/graphiql/bundle/editor.js");
  return (name, sample) => mount(place, { name, send: (body) => send(name, body), sample });
}

function showNote(sample) {
  fill(note, sample.changes ? `This example changes data: ${sample.changes} “Reset the demo” under Keys restores it.` : "");
  note.className = sample.changes ? "changes small" : "muted small";
}

try {
  await openSession();
  const show = await openEditor();
  const open = () => {
    const sample = SAMPLES[api.value][Number(choice.value) || 0];
    showNote(sample);
    show(api.value, sample);
  };
  const change = () => {
    fill(choice, SAMPLES[api.value].map((sample, at) => h("option", { value: String(at) }, titleOf(sample))));
    open();
  };
  if (location.hash === "#funnels") api.value = "funnels";
  api.addEventListener("change", change);
  choice.addEventListener("change", open);
  change();
} catch (error) {
  fill(place, h("p", { class: "error" }, `GraphiQL cannot start: ${error.message}`));
}
