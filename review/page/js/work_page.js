// Review: takes the next sample of a queue, shows it, sends the answer, and takes the next.

import { Answer, MARKS, REASONS } from "./answer.js";
import { versionsView } from "./adjudication.js";
import { get, insist, post, Refusal, requestId } from "./api.js";
import { fill, find, h } from "./dom.js";
import { DraftKeeper } from "./draft.js";
import { drawOwnWork, openPage, say, sayRefusal } from "./frame.js";
import { openHelp } from "./help.js";
import { Keys, MOST_CHOICES } from "./keys.js";
import { labelName, loadLabels } from "./label_names.js";
import { SampleView } from "./sample_view.js";
import { Stopwatch } from "./stopwatch.js";
import { t } from "./words.js";

const RENEW_MS = 4 * 60_000;
const queue = Number(new URLSearchParams(location.search).get("queue"));
const keys = new Keys();
let me = null;
let now = null; // the sample on the screen
let busy = false;

async function start() {
  me = await openPage("work");
  await loadLabels();
  await guarded(next);
}

/** One thing after the other: a second key press waits for nobody and does nothing. */
async function guarded(work) {
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    sayRefusal(error);
    if (error.status === 409 || error.code === "missing") await next().catch(sayRefusal);
  } finally {
    busy = false;
    document.body.classList.remove("busy");
  }
}

async function next() {
  await show(await post(`/api/queues/${queue}/next`));
}

async function show({ screen, idle }) {
  leaveSample({ decided: false });
  if (screen === null) showIdle(idle);
  else await showSample(screen);
}

function showIdle(idle) {
  keys.use({ undo, help: () => openHelp(keys, [], () => {}) });
  fill(find("main"), h("section", { class: "idle" }, h("p", {}, t(`idle.${idle.why}`)),
    h("p", {}, h("button", { type: "button", class: "main", onclick: () => guarded(next) }, t("idle.again")), " ", h("button", { type: "button", onclick: undo }, h("kbd", {}, keys.name("undo")), " ", t("decide.undo")), " ", h("a", { href: "/queues" }, t("page.queues")))));
}

async function showSample(screen) {
  const keeper = new DraftKeeper(me.pseudonym, screen, {
    onSaved: (there) => drawDraftState(there ? "said.saved" : "said.local"),
    onRefused: (error) => {
      sayRefusal(error);
      guarded(next);
    },
  });
  const draft = keeper.found(screen);
  const answer = new Answer(screen, draft);
  const sample = { screen, keeper, answer, request: requestId(), watch: new Stopwatch(answer.seconds), sawMarks: false };
  now = sample;
  const tracks = screen.media.tracks === null ? null : (await get(screen.media.tracks)).tracks;
  if (now !== sample) return;
  const view = new SampleView(screen, tracks, answer, keys, acts());
  sample.view = view;
  sample.sawMarks = view.claims?.sawMarks ?? false;
  sample.renewal = setInterval(renew, RENEW_MS);
  const banner = screen.practice ? h("p", { class: "banner" }, t("practice.banner")) : null;
  const versions = screen.adjudication ? await versionsView(screen, take) : null;
  fill(find("main"), h("div", { class: "heading" }, h("h1", {}, screen.queue), h("span", { class: "quiet" }, screen.name ?? ""), h("span", { id: "draft-state", class: "quiet" }), h("button", { type: "button", class: "plain", onclick: help }, h("kbd", {}, keys.name("help")), " ", t("key.help"))), banner, versions, view.element);
  keys.use(actions());
  find("main").focus({ preventScroll: true });
}

function leaveSample({ decided }) {
  keys.use({}); // a key pressed before the next sample is there was meant for this one
  if (now === null) return;
  now.keeper.close({ decided });
  now.watch.close();
  now.view?.close();
  clearInterval(now.renewal);
  now = null;
}

function drawDraftState(key) {
  const place = find("draft-state");
  if (place !== null) place.textContent = t(key);
}

async function renew() {
  const { screen } = now;
  try {
    await post(`/api/items/${screen.item_id}/renew`, { lease_id: screen.lease_id });
  } catch (error) {
    if (error instanceof Refusal && error.status !== 0) sayRefusal(error);
  }
}

function told() {
  return now.answer.told({ seconds: now.watch.seconds, sawMarks: now.sawMarks });
}

function changed() {
  now.view.panel.draw();
  now.view.drawDiff();
  now.keeper.keep(told(), now.screen.version);
}

function acts() {
  return {
    label: (label) => { now.answer.toggleLabel(label); changed(); },
    intensity: (n) => { now.answer.setIntensity(n); changed(); },
    verdict: (verdict) => choose(verdict),
    reason: (reason) => { now.answer.reason = reason; changed(); },
    prefer: (side) => { now.answer.preference = side; changed(); },
    typed,
    submit: () => guarded(submit),
    skip: () => guarded(skip),
    flag: () => guarded(flag),
    undo,
    marks,
    mark,
    play: players(),
  };
}

function typed(field, value) {
  if (field === "text") {
    now.answer.text = value;
    if (now.answer.changed && now.answer.verdict !== "edit") now.answer.setVerdict("edit");
    changed();
    return;
  }
  now.answer.note = value; // the panel holds this field: drawing it anew would take the focus
  now.keeper.keep(told(), now.screen.version);
}

function choose(verdict) {
  now.answer.setVerdict(verdict);
  if (now.answer.verdict !== "edit" && now.answer.changed) now.view.setText(now.screen.told.text);
  changed();
  if (now.answer.verdict === "edit") now.view.editor.focus();
}

function players() {
  const { player, loopClaim } = { player: () => now.view.player, loopClaim: () => now.view.claims?.current ?? null };
  const on = (work) => () => { if (player() !== null) work(player()); };
  return {
    play: on((p) => { p.span = p.video.paused ? p.span : null; p.toggle(); }),
    back: on((p) => p.step(-1)),
    ahead: on((p) => p.step(1)),
    peak: on((p) => { const peak = now.view.tracks.peak; if (peak !== null) p.showFrame(peak.index, peak.t_s); }),
    loop: on((p) => p.loop(p.span === null ? loopClaim() ?? [0, p.clip] : null)),
    slower: on((p) => p.speed(-1)),
    faster: on((p) => p.speed(1)),
  };
}

function actions() {
  const { answer, screen, view } = now;
  const act = acts();
  const all = { ...players(), submit: act.submit, skip: act.skip, flag: act.flag, undo, help, note: () => view.panel.note.focus() };
  for (let i = 1; i <= MOST_CHOICES; i += 1) all[`choice${i}`] = () => choice(i - 1);
  for (let i = 1; i <= 5; i += 1) all[`intensity${i}`] = () => { if (answer.labels.length) act.intensity(i); };
  if (answer.compares) for (const side of ["a1", "same", "a2"]) all[side] = () => act.prefer(side);
  else if (!answer.blind) {
    for (const verdict of ["accept", "edit", "reject", "not_visible", "not_audible", "cannot_tell", "distressing"]) all[verdict] = () => choose(verdict);
    Object.assign(all, { claim_next: () => view.claims.move(1), claim_before: () => view.claims.move(-1), marks });
    for (const verdict of MARKS) all[`mark_${verdict}`] = () => markChosen(verdict);
  }
  return screen === null ? {} : all;
}

function choice(i) {
  if (now.answer.verdict === "reject") {
    if (REASONS[i] !== undefined) acts().reason(REASONS[i]);
  } else if (now.screen.labels[i] !== undefined) acts().label(now.screen.labels[i]);
}

function marks() {
  const button = find("marks");
  if (button === null) return;
  button.textContent = t(now.view.claims.toggleMarks() ? "claims.hide" : "claims.show");
}

function markChosen(verdict) {
  const claim = now.view.claims.chosen;
  if (claim === null) say(t("need.claim"), "bad");
  else mark(claim, verdict);
}

function mark(claim, verdict) {
  const set = now.answer.setMark(claim, verdict);
  now.view.claims.drawOwn();
  say(set === null ? t("said.unmarked") : t("said.marked", { verdict: t(`verdict.${set}`) }));
  changed();
}

function help() {
  openHelp(keys, now.screen.labels, () => { now.view.panel.draw(); });
}

function sent() {
  return { lease_id: now.screen.lease_id, version: now.screen.version, request_id: now.request };
}

async function submit() {
  const { answer, screen } = now;
  if (answer.missing !== null) {
    say(t(answer.missing), "bad");
    return;
  }
  if (answer.blind) {
    const shown = await insist(() => post(`/api/items/${screen.item_id}/label`, { ...sent(), labels: answer.labels, intensity: answer.intensity }));
    say("");
    leaveSample({ decided: true });
    await showSample(shown);
    return;
  }
  await now.keeper.flush();
  const body = { ...sent(), answer: told(), queue_id: screen.practice ? null : queue };
  const found = await insist(() => post(`/api/items/${screen.item_id}/decide`, body));
  say(t("said.decided"));
  drawOwnWork();
  if (found.decided.feedback !== null) {
    showFeedback(found.decided.feedback);
    return;
  }
  leaveSample({ decided: true });
  if (found.next === null) await next();
  else await show(found.next);
}

function showFeedback(feedback) {
  const right = h("p", { class: feedback.right ? "good" : "bad" }, feedback.right ? t("practice.right") : t("practice.wrong", { labels: feedback.labels.map(labelName).join(", ") }));
  const go = () => {
    dialog.close();
    dialog.remove();
    leaveSample({ decided: true });
    guarded(next);
  };
  const dialog = h("dialog", { class: "feedback", role: "alertdialog" }, right, feedback.note === null ? null : h("p", {}, feedback.note), h("button", { type: "button", class: "main", onclick: go }, t("practice.go")));
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); go(); });
  document.body.append(dialog);
  keys.use({});
  dialog.showModal();
}

async function skip() {
  await insist(() => post(`/api/items/${now.screen.item_id}/skip`, { ...sent(), note: now.answer.note.trim() || null }));
  say(t("said.skipped"));
  leaveSample({ decided: true });
  await next();
}

async function flag() {
  if (now.answer.note.trim() === "") {
    say(t("need.note"), "bad");
    now.view.panel.note.focus();
    return;
  }
  const done = await insist(() => post(`/api/items/${now.screen.item_id}/flag`, { ...sent(), note: now.answer.note }));
  now.screen.version = done.version;
  now.request = requestId();
  say(t("said.flagged"));
}

function undo() {
  guarded(async () => {
    const last = await lastStanding();
    if (last === null) {
      say(t("said.nothing"));
      return;
    }
    await now?.keeper.flush();
    const screen = await post("/api/undo", { event_id: last.event_id, request_id: requestId() });
    leaveSample({ decided: false });
    await showSample(screen);
    say(t("said.undone"));
    drawOwnWork();
  });
}

/** My newest decision or skip that stands; null where there is none. */
async function lastStanding() {
  let before = "";
  for (;;) {
    const events = await get(`/api/history?most=100${before}`);
    const found = events.find((event) => event.stands && (event.kind === "decide" || event.kind === "skip"));
    if (found !== undefined || events.length < 100) return found ?? null;
    before = `&before=${events.at(-1).event_id}`;
  }
}

function take(said) {
  const { answer, view } = now;
  Object.assign(answer, { labels: [...said.labels], intensity: said.intensity, verdict: said.verdict, reason: said.reason, preference: said.preference });
  if (view.editor) view.setText(said.edited_text ?? now.screen.told.text);
  answer.marks.clear();
  for (const { claim, verdict } of said.marks) answer.marks.set(claim, verdict);
  view.claims?.drawOwn();
  find("main").focus({ preventScroll: true });
  changed();
}

document.addEventListener("keydown", (event) => {
  const field = event.target instanceof HTMLElement && event.target.matches("textarea, input");
  if (!field || event.isComposing || now === null) return;
  if (event.key === "Escape") event.target.blur();
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.target.blur();
    guarded(submit);
  }
});

start();
