// One sample on one screen: player, tracks, peak, what was measured, the text, the decision.

import { MARKS } from "./answer.js";
import { Claims } from "./claims.js";
import { diffView } from "./diff.js";
import { h } from "./dom.js";
import { labelName } from "./label_names.js";
import { MARK } from "./mark_names.js";
import { Panel } from "./panel.js";
import { peakView } from "./peak_view.js";
import { filmPlayer, soundPlayer } from "./player.js";
import { Timeline } from "./timeline.js";
import { t } from "./words.js";

const FILM_ACTIONS = ["play", "back", "ahead", "peak", "loop", "slower", "faster"];
const SOUND_ACTIONS = FILM_ACTIONS.filter((action) => action !== "back" && action !== "ahead");

/** The film where it is here, else the sound out of a release, else null. */
function playerOf(media, tracks) {
  if (tracks === null) return null;
  if (media.clip !== null && tracks.proxy !== null) return filmPlayer(media.clip, tracks);
  return media.sound === null || tracks.still ? null : soundPlayer(media.sound, tracks);
}

function whyNone(tracks) {
  if (tracks === null) return "player.none";
  if (tracks.still) return "player.still";
  return tracks.from_release ? "player.release_silent" : "player.none";
}

export class SampleView {
  constructor(screen, tracks, answer, keys, act) {
    this.screen = screen;
    this.tracks = tracks;
    this.answer = answer;
    this.keys = keys;
    this.act = act;
    this.player = playerOf(screen.media, tracks);
    this.timeline = this.player === null || tracks.proxy === null ? null : new Timeline(tracks, this.player);
    this.claims = screen.told === null || answer.compares ? null : new Claims(screen, answer.marks, keys, { onSpan: (span) => this.timeline?.mark(span), onGo: (span) => this.player?.seek(span[0]), onMark: act.mark });
    this.panel = new Panel(answer, keys, act);
    this.element = h("div", { class: `sample mode-${screen.mode}` },
      h("div", { class: "watch" }, this.watch(tracks), this.timeline?.element, this.measured(tracks)),
      h("div", { class: "judge" }, this.text(), this.panel.element));
  }

  watch(tracks) {
    const { media } = this.screen;
    const peak = peakView(media.peak, tracks);
    const player = this.player === null ? h("div", { class: "stage none" }, t(whyNone(tracks))) : h("div", { class: "stage" }, tracks.proxy === null ? h("p", { class: "lacking" }, t("player.release_sound")) : null, this.player.video, this.controls(tracks.proxy === null ? SOUND_ACTIONS : FILM_ACTIONS));
    return h("div", { class: "top" }, player, peak);
  }

  controls(actions) {
    this.clock = h("output", { class: "clock" });
    const rate = h("output", { class: "rate" });
    this.player.onTime((player) => {
      const outside = player.time < -0.001 || player.time > player.clip + 0.001;
      const told = [t(player.frames.length ? "player.time" : "player.seconds", { time: player.time.toFixed(2), frame: player.frame }), outside ? t("player.context") : "", player.span === null ? "" : t("player.looping")].filter(Boolean).join(", ");
      if (this.clock.textContent !== told) this.clock.textContent = told;
      const speed = t("player.speed", { speed: player.video.playbackRate });
      if (rate.textContent !== speed) rate.textContent = speed;
    });
    const button = (action) => h("button", { type: "button", tabindex: "-1", title: t(`key.${action}`), "aria-label": t(`key.${action}`), onclick: (event) => { event.currentTarget.blur(); this.act.play[action](); } }, h("kbd", {}, this.keys.name(action)), h("span", {}, t(`do.${action}`)));
    return h("div", { class: "controls" }, actions.map(button), h("span", { class: "clocks" }, this.clock, rate));
  }

  measured(tracks) {
    const { screen } = this;
    const by = (stage) => (tracks?.engines?.[stage] ? h("small", { class: "quiet" }, " ", t("measured.by", { engine: tracks.engines[stage] })) : null);
    const rows = [["scene", screen.scene, by("scene")], ["tone", screen.tone, by("tone")], ["words", screen.spoken, tracks?.words ? h("small", { class: "quiet" }, " ", t("measured.by", { engine: tracks.words.source })) : null], ["english", screen.spoken_en, null]];
    return h("dl", { class: "measured" }, rows.filter(([, text]) => text !== null).map(([name, text, engine]) => h("div", {}, h("dt", {}, t(`measured.${name}`)), h("dd", {}, text, engine))));
  }

  text() {
    const { screen } = this;
    if (screen.told === null) return h("section", { class: "text hidden-text" }, h("h2", {}, t("text.title")), h("p", { class: "quiet" }, t("text.hidden")));
    if (this.answer.compares) return h("section", { class: "text pair" }, this.side("a", screen.told), this.side("b", screen.other));
    const { told } = screen;
    this.diff = h("div", { class: "diff-place" });
    this.editor = h("textarea", { id: "text", class: "editor", rows: "5", maxlength: "20000", "aria-label": t("text.edit"), spellcheck: "true", oninput: () => this.act.typed("text", this.editor.value) });
    this.editor.value = this.answer.text;
    this.editor.readOnly = false;
    const blind = screen.blind_labels === null ? null : h("p", {}, t("label.blind", { labels: screen.blind_labels.map(labelName).join(", ") }));
    const view = h("section", { class: "text", "aria-label": t("text.title") },
      h("h2", {}, t("text.title"), " ", h("small", { class: "quiet" }, t("text.by", { engine: told.engine }))),
      this.editor, this.diff,
      h("p", { class: "machine" }, t("label.machine", { label: labelName(told.label), source: told.label_source })), blind,
      h("h2", {}, t("claims.title"), " ", this.claims.sawMarks ? h("button", { type: "button", class: "plain", id: "marks", onclick: () => this.act.marks() }, t("claims.hide")) : null, this.claims.rows.length ? this.markKeys() : null),
      this.claims.rows.length ? this.claims.element : h("p", { class: "quiet" }, t("claims.none")));
    this.drawDiff();
    return view;
  }

  markKeys() {
    const one = (verdict) => [" ", h("kbd", {}, this.keys.name(`mark_${verdict}`)), h("span", { "aria-hidden": "true" }, MARK[verdict])];
    return h("small", { class: "quiet mark-keys" }, t("claims.how"), MARKS.map(one).flat());
  }

  side(name, told) {
    return h("article", {}, h("h2", {}, t(`text.${name}`)), h("p", {}, told.text));
  }

  drawDiff() {
    if (this.diff === undefined) return;
    const { answer } = this;
    this.diff.replaceChildren(answer.changed ? h("div", {}, h("h3", {}, t("text.diff")), diffView(this.screen.told.text, answer.text)) : "");
  }

  setText(text) {
    this.answer.text = text;
    if (this.editor) this.editor.value = text;
    this.drawDiff();
  }

  close() {
    this.player?.close();
    this.timeline?.close();
  }
}
