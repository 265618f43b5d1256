// The tags of a customer: added and removed one by one.

import { tags } from "../data/customers.js";
import { bulkUpdate, createTag } from "../data/writes.js";
import { failed, toast } from "../shared/dialog.js";
import { fill, h, newId } from "../shared/dom.js";
import { tagChip } from "../table/columns.js";

/** Returns the field with the tags. */
export function tagsField(context) {
  const label = newId("tags");
  const place = h("dd", { class: "tags-edit" });
  const state = { context, place, label, known: [] };
  show(state);
  return [h("dt", { id: label }, "Tags"), place];
}

function show(state) {
  const { context, place, label } = state;
  const { pool } = context.record;
  fill(place, pool.tags.map((tag) => h("span", { class: "removable" }, tagChip(tag),
    h("button", { type: "button", class: "quiet", "aria-label": `Remove the tag ${tag.name}`,
      on: { click: () => change(state, { removeTagIds: [tag.id] }, pool.tags.filter(({ id }) => id !== tag.id)) } }, "✕"))),
  h("button", { type: "button", class: "value none", on: { click: () => choose(state) }, "aria-describedby": label }, "Add tag"));
}

async function choose(state) {
  try {
    state.known = (await tags(state.context.signal)).tags;
  } catch (error) {
    failed(error);
    return;
  }
  const list = newId("tag-list");
  const input = h("input", { list, "aria-label": "Name of the tag", autocomplete: "off" });
  const submit = (event) => {
    event.preventDefault();
    add(state, input.value.trim()).catch(failed);
  };
  const form = h("form", { class: "edit", on: { submit } }, input,
    h("datalist", { id: list }, state.known.map(({ name }) => h("option", { value: name }))),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Add"),
      h("button", { type: "button", on: { click: () => show(state) } }, "Cancel")));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    show(state);
  });
  state.place.append(form);
  input.focus();
}

/** Adds a tag by name. A name that no tag has becomes a new tag. */
async function add(state, name) {
  if (!name) {
    show(state);
    return;
  }
  const known = state.known.find((tag) => tag.name.toLowerCase() === name.toLowerCase());
  const tag = known ?? (await createTag(name)).tag;
  const { tags: current } = state.context.record.pool;
  await change(state, { addTagIds: [tag.id] }, [...current.filter(({ id }) => id !== tag.id), tag]);
}

async function change(state, update, tagsAfter) {
  const { context } = state;
  const { pool } = context.record;
  const before = pool.tags;
  const apply = async (changes, shown) => {
    const { errors, calls, failure } = await bulkUpdate([context.id], changes);
    if (failure) throw failure;
    if (errors.length) throw new Error(errors[0].message);
    pool.tags = shown;
    context.saved({ api: "pool", name: "tags" }, shown);
    show(state);
    return calls;
  };
  try {
    const calls = await apply(update, tagsAfter);
    toast("The tags are saved.", { calls, undo: () => apply({ tagIds: before.map(({ id }) => id) }, before) });
  } catch (error) {
    failed(error);
  }
}
