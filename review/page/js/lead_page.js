// For leads: queues, people, invitations.

import { get, post, Refusal } from "./api.js";
import { fill, find, h } from "./dom.js";
import { openPage, say, sayRefusal } from "./frame.js";
import { progress, table } from "./table.js";
import { t } from "./words.js";

async function start() {
  await openPage("lead");
  await draw();
}

async function draw(...more) {
  const [queues, people] = await Promise.all([get("/api/lead/queues"), get("/api/lead/people")]);
  fill(find("main"), h("h1", {}, t("page.lead")), queueTable(queues), peopleTable(queues), h("div", { class: "forms" }, handOver(queues, people), invitation()), more);
}

async function tried(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    sayRefusal(error);
  }
}

function queueTable(queues) {
  const names = ["queue.name", "queue.kind", "queue.mode", "lead.progress", "lead.decisions", "lead.now", "lead.flagged", "queue.state"].map((key) => t(key));
  return table(t("lead.queues"), names, queues.map(({ queue, progress: far }) => [
    h("a", { href: `/work?queue=${queue.queue_id}` }, queue.name), t(`kind.${queue.kind}`), `${t(`mode.${queue.mode}`)}, ×${queue.reviews}`, progress(far.done, far.items), far.needed ? `${far.decisions} / ${far.needed}` : String(far.decisions), String(far.leased), String(far.flagged), pauseButton(queue),
  ]));
}

function pauseButton(queue) {
  const paused = queue.state === "paused";
  const change = () => tried(async () => {
    await post(`/api/lead/queues/${queue.queue_id}/state`, { paused: !paused });
    await draw();
  });
  const collect = () => tried(async () => {
    const { queue: made, new: count } = await post(`/api/lead/queues/${queue.queue_id}/adjudicate`);
    say(t("lead.collected", { count, queue: made.name }));
    await draw();
  });
  const settle = queue.kind === "work" && queue.reviews > 1 ? h("button", { type: "button", "aria-label": `${t("lead.collect")}: ${queue.name}`, onclick: collect }, t("lead.collect")) : null;
  return h("span", { class: "buttons" }, t(`state.${queue.state}`), " ", settle, " ", h("button", { type: "button", "aria-label": `${t(paused ? "lead.open" : "lead.pause")}: ${queue.name}`, onclick: change }, t(paused ? "lead.open" : "lead.pause")));
}

function peopleTable(queues) {
  const names = ["login.name", "lead.pseudonym", "queue.name", "lead.decisions", "event.skip", "lead.hours", "lead.speed", "lead.seconds", "lead.gold"].map((key) => t(key));
  const number = (value, digits) => (value === null ? "–" : value.toFixed(digits));
  const rows = queues.flatMap(({ queue, progress: far }) => far.people.map((person) => [
    person.name, person.pseudonym, queue.name, String(person.decisions), String(person.skipped), number(person.hours, 2), number(person.hours > 0.001 ? person.decisions / person.hours : null, 0), number(person.median_s, 1), person.gold_asked === 0 ? "–" : `${person.gold_right} / ${person.gold_asked}`,
  ]));
  return rows.length ? table(t("lead.people"), names, rows) : null;
}

function choice(id, options) {
  return h("select", { id }, options.map(([value, text]) => h("option", { value }, text)));
}

function handOver(queues, people) {
  const persons = people.map((person) => [person.pseudonym, person.name]);
  const [queue, of, to] = [choice("hand-queue", queues.map(({ queue: q }) => [q.queue_id, q.name])), choice("hand-of", persons), choice("hand-to", persons)];
  const go = (event) => {
    event.preventDefault();
    tried(async () => {
      const { moved } = await post(`/api/lead/queues/${queue.value}/hand-over`, { of: of.value, to: to.value });
      say(t("lead.moved", { count: moved }));
    });
  };
  return h("form", { class: "card", onsubmit: go }, h("h2", {}, t("lead.hand_over")), h("label", {}, t("queue.name"), queue), h("label", {}, t("lead.from"), of), h("label", {}, t("lead.to"), to), h("button", { type: "submit" }, t("lead.hand_over")));
}

function invitation() {
  const name = h("input", { id: "invite-name", required: true, maxlength: "80", autocomplete: "off" });
  const role = choice("invite-role", [["annotator", t("role.annotator")], ["lead", t("role.lead")]]);
  const go = (event) => {
    event.preventDefault();
    tried(async () => {
      const made = await post("/api/lead/invite", { name: name.value, role: role.value });
      const link = `${location.origin}/invite#${made.token}`;
      await draw(h("p", { class: "banner" }, t("lead.link", { name: made.name }), " ", h("code", { id: "link" }, link)));
    });
  };
  return h("form", { class: "card", onsubmit: go }, h("h2", {}, t("lead.invite")), h("label", {}, t("login.name"), name), h("label", {}, t("lead.role"), role), h("button", { type: "submit" }, t("lead.invite_go")));
}

start();
