// What I decided, the newest first, and taking it back, however old it is.

import { get, post, Refusal, requestId } from "./api.js";
import { fill, find, h } from "./dom.js";
import { openPage, sayRefusal } from "./frame.js";
import { labelName, loadLabels } from "./label_names.js";
import { marksView } from "./mark_names.js";
import { table } from "./table.js";
import { t } from "./words.js";

const MOST = 50;
let shown = [];
let queues = new Map();

async function start() {
  await openPage("history");
  await loadLabels();
  queues = new Map((await get("/api/queues")).map((queue) => [queue.name, queue.queue_id]));
  await more();
}

async function more() {
  const before = shown.length ? `&before=${shown.at(-1).event_id}` : "";
  const found = await get(`/api/history?most=${MOST}${before}`);
  shown = [...shown, ...found];
  draw(found.length === MOST);
}

function draw(older) {
  const names = ["history.when", "queue.name", "history.what", "history.answer", "queue.state"].map((key) => t(key));
  const rows = shown.map((event) => [new Date(event.at).toLocaleString(), event.queue, t(`event.${event.kind}`), answerOf(event), state(event)]);
  fill(find("main"), h("h1", {}, t("page.history")), rows.length ? table(t("page.history"), names, rows) : h("p", {}, t("history.empty")), older ? h("button", { type: "button", onclick: more }, t("history.more")) : null);
}

function answerOf(event) {
  const parts = [event.verdict && t(`decide.${event.verdict}`), event.reason && t(`reason.${event.reason}`), event.labels.map(labelName).join(", "), event.intensity && `(${event.intensity})`, event.preference && t(`prefer.${event.preference}`), event.note && `"${event.note}"`];
  const told = parts.filter(Boolean).join(" ");
  return event.marks.length === 0 ? told : h("div", {}, told, marksView(event.marks));
}

function state(event) {
  if (event.kind !== "decide" && event.kind !== "skip") return "";
  if (!event.stands) return t("history.taken_back");
  return h("span", {}, t("history.stands"), " ", h("button", { type: "button", onclick: () => undo(event) }, t("history.undo")));
}

async function undo(event) {
  try {
    await post("/api/undo", { event_id: event.event_id, request_id: requestId() });
    location.assign(`/work?queue=${queues.get(event.queue)}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    sayRefusal(error);
  }
}

start();
