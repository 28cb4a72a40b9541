// The decision: a button and a key for each choice, always in view.

import { PREFERENCES, REASONS, VERDICTS } from "./answer.js";
import { h } from "./dom.js";
import { MOST_CHOICES } from "./keys.js";
import { labelName } from "./label_names.js";
import { t } from "./words.js";

export class Panel {
  constructor(answer, keys, act) {
    this.answer = answer;
    this.keys = keys;
    this.act = act;
    this.note = h("textarea", { id: "note", rows: "2", maxlength: "4000", "aria-label": t("decide.note"), oninput: () => act.typed("note", this.note.value) });
    this.note.value = answer.note;
    this.element = h("section", { class: "panel", "aria-label": t("decide.title") });
    this.draw();
  }

  draw() {
    const { answer } = this;
    const focus = document.activeElement?.dataset?.choice;
    this.element.replaceChildren(
      this.labels(),
      answer.blind ? "" : answer.compares ? this.preferences() : this.verdicts(),
      answer.verdict === "reject" ? this.reasons() : "",
      h("label", { class: "note" }, h("span", {}, t("decide.note"), " ", this.kbd("note")), this.note),
      this.foot(),
    );
    if (focus) this.element.querySelector(`[data-choice="${CSS.escape(focus)}"]`)?.focus();
  }

  labels() {
    const { answer } = this;
    const choosing = answer.verdict === "reject"; // their keys say the reason then
    const buttons = answer.screen.labels.map((label, i) => {
      const place = answer.labels.indexOf(label);
      return this.choice(`label-${label}`, choosing || i >= MOST_CHOICES ? null : `choice${i + 1}`, labelName(label), place >= 0, () => this.act.label(label), place === 0 && answer.labels.length > 1 ? t("label.first") : null);
    });
    const degrees = [1, 2, 3, 4, 5].map((n) => this.choice(`intensity-${n}`, null, String(n), answer.intensity === n, () => this.act.intensity(n), null, answer.labels.length === 0));
    return h("div", { class: "group labels", role: "group", "aria-label": t("label.title") }, h("h2", {}, t("label.title")), h("div", { class: "choices" }, buttons),
      h("div", { class: "degrees", role: "group", "aria-label": t("label.intensity") }, h("span", {}, t("label.intensity"), " "), h("kbd", {}, `${this.keys.name("intensity1")}…${this.keys.name("intensity5")}`), degrees));
  }

  verdicts() {
    return h("div", { class: "group verdicts", role: "group", "aria-label": t("decide.title") }, h("h2", {}, t("decide.title")), h("div", { class: "choices" },
      VERDICTS.map((verdict) => this.choice(`verdict-${verdict}`, verdict, t(`decide.${verdict}`), this.answer.verdict === verdict, () => this.act.verdict(verdict)))));
  }

  reasons() {
    return h("div", { class: "group reasons", role: "group", "aria-label": t("decide.reason") }, h("h2", {}, t("decide.reason")), h("div", { class: "choices" },
      REASONS.map((reason, i) => this.choice(`reason-${reason}`, `choice${i + 1}`, t(`reason.${reason}`), this.answer.reason === reason, () => this.act.reason(reason)))));
  }

  preferences() {
    return h("div", { class: "group preferences", role: "group", "aria-label": t("decide.title") }, h("h2", {}, t("decide.title")), h("div", { class: "choices" },
      PREFERENCES.map((side) => this.choice(`prefer-${side}`, side, t(`prefer.${side}`), this.answer.preference === side, () => this.act.prefer(side)))));
  }

  choice(name, action, text, chosen, go, extra = null, off = false) {
    return h("button", { type: "button", class: "choice", "data-choice": name, "aria-pressed": String(chosen), disabled: off, onclick: (event) => pressed(event, go) }, action === null ? null : this.kbd(action), h("span", {}, text), extra === null ? null : h("small", {}, extra));
  }

  foot() {
    const button = (action, text, go, kind = "") => h("button", { type: "button", class: kind, "data-choice": action, onclick: (event) => pressed(event, go) }, this.kbd(action), " ", text);
    return h("div", { class: "foot" },
      button("submit", t(this.answer.blind ? "decide.submit_label" : "decide.submit"), this.act.submit, "main"),
      button("skip", t("decide.skip"), this.act.skip), button("flag", t("decide.flag"), this.act.flag), button("undo", t("decide.undo"), this.act.undo));
  }

  kbd(action) {
    return h("kbd", { "aria-hidden": "true" }, this.keys.name(action));
  }
}

/** After a click by pointer the keys are the page's again. */
export function pressed(event, go) {
  if (event.detail > 0) event.currentTarget.blur();
  go();
}
