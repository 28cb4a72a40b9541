// A table with a head, from rows of text and elements.

import { h } from "./dom.js";

export function table(caption, head, rows) {
  return h("div", { class: "scroll" }, h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell)))))));
}

export function progress(done, all) {
  const bar = h("progress", { max: Math.max(1, all), value: done, "aria-label": `${done} / ${all}` });
  return h("span", { class: "progress" }, bar, ` ${done} / ${all}`);
}
