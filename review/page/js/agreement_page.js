// How far people agree, for leads; only what was decided before it could sway counts.

import { get, Refusal } from "./api.js";
import { fill, find, h } from "./dom.js";
import { openPage, sayRefusal } from "./frame.js";
import { labelName, loadLabels } from "./label_names.js";
import { table } from "./table.js";
import { t } from "./words.js";

const number = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
const interval = (alpha) => (alpha.low === null ? "–" : `${number(alpha.low)} … ${number(alpha.high)}`);

async function start() {
  await openPage("agreement");
  await loadLabels();
  const queues = (await get("/api/lead/queues")).map(({ queue }) => queue).filter((queue) => queue.kind === "work");
  const choice = h("select", { id: "queue" }, h("option", { value: "" }, t("agreement.all")), queues.map((queue) => h("option", { value: queue.queue_id }, queue.name)));
  const place = h("div", { id: "figures", "aria-live": "polite" });
  const go = async (event) => {
    event.preventDefault();
    fill(place, h("p", {}, t("busy")));
    try {
      draw(place, await get(`/api/lead/agreement${choice.value ? `?queue_id=${choice.value}` : ""}`));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      fill(place);
      sayRefusal(error);
    }
  };
  fill(find("main"), h("h1", {}, t("page.agreement")), h("form", { class: "line", onsubmit: go }, h("label", {}, t("agreement.choose"), " ", choice), " ", h("button", { type: "submit", class: "main" }, t("agreement.go"))), place);
}

function draw(place, found) {
  const anchored = h("p", { class: "banner" }, t("agreement.blind", { units: found.units, people: found.people, labels: found.anchored_labels, verdicts: found.anchored_verdicts }));
  fill(place, anchored, found.units === 0 ? h("p", {}, t("agreement.none")) : null, overall(found), perLabel(found), pairs(found), vitality(found));
}

function overall(found) {
  const head = [t("agreement.measure"), t("agreement.value"), t("agreement.interval"), t("agreement.units")];
  const rows = [
    [t("agreement.raw"), number(found.raw), "", String(found.units)],
    ...[["alpha_label", found.label], ["alpha_ordinal", found.intensity_ordinal], ["alpha_interval", found.intensity_interval], ["alpha_verdict", found.verdict]].map(([name, alpha]) => [t(`agreement.${name}`), number(alpha.value), interval(alpha), String(alpha.units)]),
    ...(found.marks.marks === 0 ? [] : [[t("agreement.marks", { anchored: found.marks.anchored }), number(found.marks.raw), "", t("agreement.marks_of", found.marks)]]),
    ...(found.fleiss === null ? [] : [[t("agreement.fleiss", { each: found.fleiss.votes_each }), number(found.fleiss.kappa), "", String(found.fleiss.units)]]),
  ];
  return table(t("agreement.overall"), head, rows);
}

function perLabel(found) {
  if (found.labels.length === 0) return null;
  const head = [t("agreement.label"), t("agreement.votes"), t("agreement.raw"), t("agreement.alpha"), t("agreement.interval")];
  return table(t("agreement.per_label"), head, found.labels.map((row) => [labelName(row.label), String(row.votes), number(row.raw), number(row.alpha.value), interval(row.alpha)]));
}

function pairs(found) {
  if (found.cohen.length === 0) return null;
  const head = [t("lead.people"), t("agreement.units"), t("agreement.raw"), t("agreement.cohen")];
  return table(t("agreement.pairs"), head, found.cohen.map((row) => [`${row.first}, ${row.second}`, String(row.units), number(row.raw), number(row.kappa)]));
}

function vitality(found) {
  if (found.vitality.length === 0) return null;
  const head = [t("lead.pseudonym"), t("agreement.votes"), t("agreement.without"), t("agreement.difference")];
  return table(t("agreement.vitality"), head, found.vitality.map((row) => [row.person, String(row.votes), number(row.without), number(row.vitality)]));
}

start();
