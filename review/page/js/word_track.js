// The words spoken, where they were spoken; what has no time says so.

import { h } from "./dom.js";
import { t } from "./words.js";

const READABLE_PX = 24; // for each word on the time line; with less they are a text below it

const timed = (word) => word.start_s !== null && word.end_s !== null;

/** Of words where an engine parted them, else of whole lines. */
const partsOf = (words) => (words.words.length ? words.words : words.cues);

export class WordTrack {
  constructor(words, seek) {
    this.known = words !== null;
    this.words = this.known ? partsOf(words).filter(timed) : [];
    this.line = h("div", { class: "word-track" });
    this.text = h("div", { class: "word-text", role: "group", "aria-label": t("tracks.words"), hidden: true });
    this.place = -1; // of the word that is said now
    this.buttons = this.words.map((word) => button(word));
    for (const holder of [this.line, this.text]) holder.addEventListener("click", (event) => {
      const word = event.target.closest(".word");
      if (word !== null) seek(Number(word.dataset.start));
    });
  }

  draw(axis) {
    const crowded = this.words.length * READABLE_PX > axis.width;
    this.text.hidden = !crowded;
    if (!crowded) this.lay(axis);
    if (!this.known) this.line.replaceChildren(h("p", { class: "none" }, t("tracks.no_words")));
    else if (crowded) this.line.replaceChildren(h("p", { class: "none" }, t("tracks.words_below")));
    else this.line.replaceChildren(...this.buttons);
    if (crowded && this.text.childElementCount === 0) this.text.replaceChildren(...this.buttons);
  }

  lay(axis) {
    this.words.forEach((word, i) => {
      const { style } = this.buttons[i];
      style.left = `${axis.x(word.start_s)}px`;
      style.width = `${Math.max(8, axis.x(word.end_s) - axis.x(word.start_s) - 1)}px`;
    });
  }

  follow(time) {
    const place = this.words.findIndex((word) => word.start_s <= time && time < word.end_s);
    if (place === this.place) return;
    this.buttons[this.place]?.classList.remove("now");
    this.buttons[place]?.classList.add("now");
    this.place = place;
    if (place >= 0 && !this.text.hidden) this.text.scrollTop = this.buttons[place].offsetTop - this.text.clientHeight / 2;
  }
}

function button(word) {
  const sure = word.probability;
  const told = sure === null || sure === undefined ? word.text : `${word.text} (${Math.round(sure * 100)} %)`;
  return h("button", { type: "button", class: "word", title: told, tabindex: "-1", "data-start": word.start_s, "data-end": word.end_s, "data-sure": shade(sure) }, word.text);
}

function shade(sure) {
  if (sure === null || sure === undefined) return "unknown";
  return sure >= 0.8 ? "high" : sure >= 0.5 ? "middle" : "low";
}

/** Words and lines without times, dashed and apart; null where all have times. */
export function untimedWords(words) {
  const left = partsOf(words).filter((word) => !timed(word));
  if (left.length === 0) return null;
  return h("p", { class: "untimed" }, h("span", { class: "quiet" }, t("tracks.untimed"), " "), left.map((word) => h("span", { class: "word dashed" }, word.text)));
}
