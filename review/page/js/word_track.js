// The words spoken, where they were spoken; what has no time says so.

import { h } from "./dom.js";
import { t } from "./words.js";

const timed = (word) => word.start_s !== null && word.end_s !== null;

/** Of words where an engine parted them, else of whole lines. */
const partsOf = (words) => (words.words.length ? words.words : words.cues);

export function wordButtons(words, axis, seek) {
  if (words === null) return [h("p", { class: "none" }, t("tracks.no_words"))];
  return partsOf(words).filter(timed).map((word) => button(word, axis, seek));
}

function button(word, axis, seek) {
  const sure = word.probability;
  const told = sure === null || sure === undefined ? word.text : `${word.text} (${Math.round(sure * 100)} %)`;
  const made = h("button", { type: "button", class: "word", title: told, tabindex: "-1", "data-start": word.start_s, "data-end": word.end_s, "data-sure": shade(sure), onclick: () => seek(word.start_s) }, word.text);
  made.style.left = `${axis.x(word.start_s)}px`;
  made.style.width = `${Math.max(8, axis.x(word.end_s) - axis.x(word.start_s) - 1)}px`;
  return made;
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
