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
  fill(find("main"), h("h1", {}, t("page.lead")), queueTable(queues), peopleTable(people), h("div", { class: "forms" }, handOver(queues, people), invitation()), more);
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
  const names = ["queue.name", "queue.kind", "queue.mode", "lead.progress", "lead.decisions", "lead.disputed", "lead.flagged", "queue.state"].map((key) => t(key));
  return table(t("lead.queues"), names, queues.map((queue) => [
    h("a", { href: `/work?queue=${queue.queue_id}` }, queue.name), t(`kind.${queue.kind}`), `${t(`mode.${queue.mode}`)}, ×${queue.reviews}`, progress(queue.complete, queue.samples), String(queue.decisions), String(queue.disputed), String(queue.flagged), pauseButton(queue),
  ]));
}

function pauseButton(queue) {
  const paused = queue.state === "paused";
  const change = () => tried(async () => {
    await post(`/api/lead/queues/${queue.queue_id}/state`, { paused: !paused });
    await draw();
  });
  return h("span", {}, t(`state.${queue.state}`), " ", h("button", { type: "button", "aria-label": `${t(paused ? "lead.open" : "lead.pause")}: ${queue.name}`, onclick: change }, t(paused ? "lead.open" : "lead.pause")));
}

function peopleTable(people) {
  const names = ["login.name", "lead.pseudonym", "lead.role", "lead.decisions", "lead.hours", "lead.speed", "lead.seconds"].map((key) => t(key));
  const speed = (value) => (value === null ? "–" : value.toFixed(1));
  return table(t("lead.people"), names, people.map((person) => [person.name, person.pseudonym, t(`role.${person.role}`), String(person.decisions), person.hours.toFixed(2), speed(person.per_hour), speed(person.median_s)]));
}

function choice(id, options) {
  return h("select", { id }, options.map(([value, text]) => h("option", { value }, text)));
}

function handOver(queues, people) {
  const persons = people.map((person) => [person.pseudonym, person.name]);
  const [queue, of, to] = [choice("hand-queue", queues.map((q) => [q.queue_id, q.name])), choice("hand-of", persons), choice("hand-to", persons)];
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
