// The text under review as claims, each beside what was measured.

import { MARKS } from "./answer.js";
import { h } from "./dom.js";
import { MARK } from "./mark_names.js";
import { t } from "./words.js";

export class Claims {
  constructor(screen, own, keys, { onSpan, onGo, onMark }) {
    this.items = new Map(screen.items.map((item) => [item.key, item]));
    this.claims = claimsOf(screen.told);
    this.onSpan = onSpan;
    this.onGo = onGo;
    this.onMark = onMark;
    this.own = own; // claim -> what this person marked it with
    this.keys = keys;
    this.place = -1;
    this.marked = true;
    this.sawMarks = this.claims.some((claim) => claim.checks.length > 0);
    this.rows = this.claims.map((claim, i) => this.row(claim, i));
    this.element = h("ol", { class: "claims", "aria-label": t("claims.title") }, this.rows);
    this.drawOwn();
  }

  row(claim, i) {
    const evidence = claim.evidence.map((key) => h("li", {}, this.told(key)));
    const row = h("li", { class: "claim", tabindex: "-1", onclick: () => this.go(i), onfocus: () => this.point(i) },
      h("div", { class: "line" }, h("p", {}, h("span", { class: "said" }, claim.claim)), this.ownMarks(claim, i)),
      claim.checks.length ? h("ul", { class: "checks" }, claim.checks.map(check)) : null,
      evidence.length ? h("ul", { class: "evidence" }, evidence) : null);
    row.addEventListener("pointerenter", () => this.onSpan(this.span(i)));
    row.addEventListener("pointerleave", () => this.onSpan(this.place < 0 ? null : this.span(this.place)));
    return row;
  }

  /** Three buttons: what this person says of a claim. Those of the chosen claim are in the order of Tab. */
  ownMarks({ claim }, i) {
    const button = (verdict) => h("button", { type: "button", class: `own-mark ${verdict}`, "data-mark": verdict, tabindex: "-1", title: t("claims.mine", { verdict: t(`verdict.${verdict}`), key: this.keys.name(`mark_${verdict}`) }), "aria-label": t(`verdict.${verdict}`), onclick: (event) => this.clicked(event, i, verdict) }, h("span", { "aria-hidden": "true" }, MARK[verdict]));
    return h("div", { class: "own", role: "group", "aria-label": t("claims.own", { claim }) }, MARKS.map(button));
  }

  clicked(event, i, verdict) {
    event.stopPropagation(); // marking a claim does not seek
    if (event.detail > 0) event.currentTarget.blur();
    this.point(i);
    this.onMark(this.claims[i].claim, verdict);
  }

  drawOwn() {
    this.rows.forEach((row, i) => {
      const mark = this.own.get(this.claims[i].claim);
      for (const button of row.querySelectorAll(".own-mark")) {
        button.setAttribute("aria-pressed", String(button.dataset.mark === mark));
        button.tabIndex = i === this.place ? 0 : -1;
      }
    });
  }

  told(key) {
    const item = this.items.get(key);
    if (item === undefined) return key;
    const value = item.value === null ? "" : `${Number(item.value.toPrecision(3))} ${item.unit === "1" || item.unit === null ? "" : item.unit}`;
    const when = item.start_s === null ? "" : ` @ ${item.start_s.toFixed(2)} s`;
    return [key, value.trim(), item.text].filter(Boolean).join(": ") + when;
  }

  /** [start, end] in the clip; null where no time is known. */
  span(i) {
    const claim = this.claims[i];
    if (claim === undefined) return null;
    if (claim.start_s !== null) return [claim.start_s, claim.end_s ?? claim.start_s];
    const timed = claim.evidence.map((key) => this.items.get(key)).filter((item) => item !== undefined && item.start_s !== null);
    if (timed.length === 0) return null;
    return [Math.min(...timed.map((item) => item.start_s)), Math.max(...timed.map((item) => item.end_s ?? item.start_s))];
  }

  point(i) {
    this.rows[this.place]?.classList.remove("current");
    this.place = i;
    this.rows[i]?.classList.add("current");
    this.drawOwn();
    this.onSpan(this.span(i));
  }

  move(by) {
    if (this.rows.length === 0) return;
    const from = this.place < 0 && by < 0 ? 0 : this.place;
    this.point((from + by + this.rows.length) % this.rows.length);
    this.rows[this.place].focus({ preventScroll: true });
    this.rows[this.place].scrollIntoView({ block: "nearest" });
  }

  go(i) {
    this.point(i);
    const span = this.span(i);
    if (span !== null) this.onGo(span);
  }

  /** Of the claim that is chosen; null: none is. */
  get chosen() {
    return this.claims[this.place]?.claim ?? null;
  }

  get current() {
    return this.place < 0 ? this.span(0) : this.span(this.place);
  }

  toggleMarks() {
    this.marked = !this.marked;
    this.element.classList.toggle("unmarked", !this.marked);
    return this.marked;
  }
}

/** What the evidence says of the words that were compared. */
function check({ verdict, words, reason }) {
  return h("li", { class: `mark ${verdict}` }, h("b", { "aria-hidden": "true" }, MARK[verdict]), " ", t(`verdict.${verdict}`), words === null ? null : h("span", { class: "compared" }, `: ${words}`), reason === null ? null : h("span", { class: "reason" }, ` (${reason})`));
}

/** Clauses with what was checked in each; where nothing was, the clues, whose evidence is named. */
function claimsOf(told) {
  const checks = told.claims.filter((claim) => claim.clue !== null || told.clues.length === 0);
  if (checks.length === 0) return told.clues.map((clue) => ({ claim: clue.claim, checks: [], evidence: clue.evidence, start_s: null, end_s: null }));
  const rows = new Map();
  for (const found of checks) {
    const row = rows.get(found.claim) ?? { claim: found.claim, checks: [], evidence: [], start_s: null, end_s: null };
    row.checks.push(found);
    row.evidence = [...new Set([...row.evidence, ...found.evidence])];
    row.start_s = least(row.start_s, found.start_s, Math.min);
    row.end_s = least(row.end_s, found.end_s, Math.max);
    rows.set(found.claim, row);
  }
  return [...rows.values()];
}

const least = (a, b, choose) => (a === null ? b : b === null ? a : choose(a, b));
