// The text under review as claims, each beside what was measured.

import { h } from "./dom.js";
import { t } from "./words.js";

const MARK = { supported: "✓", contradicted: "✗", unverifiable: "?" };

export class Claims {
  constructor(screen, { onSpan, onGo }) {
    this.items = new Map(screen.items.map((item) => [item.key, item]));
    this.claims = claimsOf(screen.told);
    this.onSpan = onSpan;
    this.onGo = onGo;
    this.place = -1;
    this.marked = true;
    this.sawMarks = this.claims.some((claim) => claim.verdict !== null);
    this.rows = this.claims.map((claim, i) => this.row(claim, i));
    this.element = h("ol", { class: "claims", "aria-label": t("claims.title") }, this.rows);
  }

  row(claim, i) {
    const mark = claim.verdict === null ? null : h("span", { class: `mark ${claim.verdict}` }, h("b", { "aria-hidden": "true" }, MARK[claim.verdict]), " ", t(`verdict.${claim.verdict}`));
    const evidence = claim.evidence.map((key) => h("li", {}, this.told(key)));
    const row = h("li", { class: "claim", tabindex: "-1", onclick: () => this.go(i), onfocus: () => this.point(i) },
      h("p", {}, mark, h("span", { class: "said" }, pointed(claim))),
      claim.reason ? h("p", { class: "reason" }, claim.reason) : null,
      evidence.length ? h("ul", { class: "evidence" }, evidence) : null);
    row.addEventListener("pointerenter", () => this.onSpan(this.span(i)));
    row.addEventListener("pointerleave", () => this.onSpan(this.place < 0 ? null : this.span(this.place)));
    return row;
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
    this.onSpan(this.span(i));
  }

  move(by) {
    if (this.rows.length === 0) return;
    this.point((this.place + by + this.rows.length) % this.rows.length);
    this.rows[this.place].focus({ preventScroll: true });
    this.rows[this.place].scrollIntoView({ block: "nearest" });
  }

  go(i) {
    this.point(i);
    const span = this.span(i);
    if (span !== null) this.onGo(span);
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

/** The claim, with the words that were compared made plain. */
function pointed({ claim, words }) {
  const at = words ? claim.toLowerCase().indexOf(words.toLowerCase()) : -1;
  return at < 0 ? claim : [claim.slice(0, at), h("b", {}, claim.slice(at, at + words.length)), claim.slice(at + words.length)];
}

/** Claims that were checked; where none was, the clues, whose evidence is at least named. */
function claimsOf(told) {
  if (told.claims.length) return told.claims.filter((claim) => claim.clue !== null || told.clues.length === 0);
  return told.clues.map((clue) => ({ claim: clue.claim, verdict: null, evidence: clue.evidence, start_s: null, end_s: null, reason: null }));
}
