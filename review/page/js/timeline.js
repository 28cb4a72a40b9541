// All tracks of a clip over one axis: a click anywhere seeks, one line shows where the player is.

import { auName } from "./au_names.js";
import { Axis } from "./axis.js";
import { h } from "./dom.js";
import { paintStrip, strength, unitAt } from "./strip.js";
import { paintWave, pitchRange } from "./wave.js";
import { t } from "./words.js";
import { untimedWords, WordTrack } from "./word_track.js";


export class Timeline {
  constructor(tracks, player) {
    this.tracks = tracks;
    this.player = player;
    this.start = -tracks.proxy.before_s;
    this.end = tracks.proxy.duration_s - tracks.proxy.before_s;
    this.strip = h("canvas", { role: "img", "aria-label": this.saidOfFace() });
    this.wave = h("canvas", { role: "img", "aria-label": t("tracks.sound") });
    this.ruler = h("div", { class: "ruler", "aria-hidden": "true" });
    this.words = new WordTrack(tracks.words, (time) => player.seek(time));
    this.head = h("div", { class: "head", "aria-hidden": "true" });
    this.band = h("div", { class: "span", hidden: true });
    this.peak = tracks.peak === null ? null : h("div", { class: "peak-mark", title: t("tracks.peak") }, h("span", {}, t("tracks.peak")));
    this.tip = h("div", { class: "tip", hidden: true });
    this.lane = h("div", { class: "lane" });
    this.slider = h("div", { class: "slider", role: "slider", tabindex: "0", "aria-label": t("tracks.seek"), "aria-valuemin": this.start.toFixed(2), "aria-valuemax": this.end.toFixed(2) });
    this.element = this.build();
    this.listen();
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.lane);
    player.onTime(() => this.follow());
  }

  build() {
    const { strip, proxy, words } = this.tracks;
    const contexts = [["before", this.start < -0.01], ["after", this.end - this.tracks.clip_s > 0.06]];
    this.contexts = contexts.filter(([, shown]) => shown).map(([side]) => h("div", { class: `context ${side}`, title: t("player.context") }));
    const face = strip === null ? h("p", { class: "none" }, t("tracks.no_aus")) : strip.aus.length === 0 ? h("p", { class: "none" }, t("tracks.still_face")) : this.strip;
    const voice = proxy.sound === null ? h("p", { class: "none" }, t("tracks.no_sound")) : this.wave;
    this.lane.append(this.slider, ...this.contexts, this.ruler, h("div", { class: "track" }, face), h("div", { class: "track" }, voice), this.words.line, this.band, this.head, this.tip);
    if (this.peak !== null) this.lane.append(this.peak);
    return h("section", { class: "timeline", "aria-label": t("tracks.label") }, h("div", { class: "rows" }, this.gutter(), this.lane), this.words.text, words === null ? null : untimedWords(words));
  }

  gutter() {
    const { strip, proxy } = this.tracks;
    const names = (strip?.aus ?? []).map((row) => h("span", { class: "au", title: auName(row.au, row.name) }, named(row)));
    const key = proxy.sound === null ? null : pitchRange(proxy.sound);
    const told = key === null ? t("tracks.sound_key_no_pitch") : t("tracks.sound_key", { low: key[0], high: key[1] });
    const face = h("div", { class: "names face" }, names.length ? names : t("tracks.aus"));
    face.title = [strip?.proxy ? t("tracks.proxy") : "", strip && strip.trusted.includes(false) ? t("tracks.untrusted") : ""].filter(Boolean).join("; ");
    return h("div", { class: "gutter" }, h("div", { class: "ruler-name" }, "s"), face, h("div", { class: "names voice" }, h("b", {}, t("tracks.sound")), proxy.sound === null ? null : h("small", {}, told)), h("div", { class: "names" }, h("b", {}, t("tracks.words"))));
  }

  saidOfFace() {
    const { strip } = this.tracks;
    return [t("tracks.aus"), ...(strip?.aus ?? []).map(named), strip?.proxy ? t("tracks.proxy") : ""].filter(Boolean).join(", ");
  }

  draw() {
    const width = this.lane.clientWidth;
    if (width === 0) return;
    this.axis = new Axis(this.start, this.end, width);
    const { strip, proxy, clip_s } = this.tracks;
    if (strip !== null && strip.aus.length) paintStrip(this.strip, strip, this.axis, clip_s);
    if (proxy.sound !== null) paintWave(this.wave, proxy.sound, this.axis, this.start);
    this.ruler.replaceChildren(...this.axis.ticks().filter((s) => this.axis.x(s) < width - 14).map((s) => place(h("span", {}, String(s)), this.axis.x(s))));
    this.words.draw(this.axis);
    if (this.peak !== null) place(this.peak, this.axis.x(this.tracks.peak.t_s)).classList.toggle("late", this.axis.x(this.tracks.peak.t_s) > width - 60);
    for (const context of this.contexts) {
      const [from, to] = context.classList.contains("before") ? [0, this.axis.x(0)] : [this.axis.x(clip_s), width];
      place(context, from).style.width = `${to - from}px`;
    }
    this.follow();
  }

  follow() {
    if (this.axis === undefined) return;
    const { time } = this.player;
    place(this.head, this.axis.x(time));
    const rounded = time.toFixed(2);
    if (this.slider.getAttribute("aria-valuenow") === rounded) return;
    this.slider.setAttribute("aria-valuenow", rounded);
    this.slider.setAttribute("aria-valuetext", `${rounded} s`);
    this.words.follow(time);
  }

  /** Shows where the evidence of a claim lies; null shows none. */
  mark(span) {
    this.band.hidden = span === null || this.axis === undefined;
    if (this.band.hidden) return;
    const from = this.axis.x(span[0]);
    place(this.band, from).style.width = `${Math.max(3, this.axis.x(span[1]) - from)}px`;
  }

  listen() {
    const at = (event) => this.axis.time(event.clientX - this.lane.getBoundingClientRect().left);
    this.lane.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("button")) return;
      this.player.seek(at(event));
      this.lane.setPointerCapture(event.pointerId);
    });
    this.lane.addEventListener("pointermove", (event) => {
      if (event.buttons & 1 && !event.target.closest("button")) this.player.seek(at(event));
      this.tell(event, at(event));
    });
    this.lane.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.slider.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.1, ArrowRight: 0.1, PageDown: 1, PageUp: -1 }[event.key];
      if (event.key === "Home") this.player.seek(this.start);
      else if (event.key === "End") this.player.seek(this.end);
      else if (step !== undefined) this.player.seek(this.player.time + step);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  tell(event, time) {
    const { strip } = this.tracks;
    const found = strip === null || !strip.aus.length ? null : unitAt(strip, event.clientY - this.strip.getBoundingClientRect().top, time);
    const told = found === null ? "" : found[1] === null ? `${named(found[0])}: ?` : `${named(found[0])}: ${found[1].toFixed(2)} (${strength(found[1])})`;
    this.tip.hidden = told === "";
    this.tip.textContent = told;
    const left = event.clientX - this.lane.getBoundingClientRect().left;
    place(this.tip, Math.min(left + 12, this.axis.width - 240));
  }

  close() {
    this.watcher.disconnect();
  }
}

const named = (row) => `${row.au} ${auName(row.au, row.name)}`;

function place(element, x) {
  element.style.left = `${x}px`;
  return element;
}

