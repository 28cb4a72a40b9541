// What labels are called and mean, in the language of the page.

import { get } from "./api.js";
import { h } from "./dom.js";
import { language, t } from "./words.js";

let known = new Map();

export async function loadLabels() {
  known = new Map((await get("/api/labels")).map((meaning) => [meaning.label, meaning]));
}

export function labelName(label) {
  const found = known.get(label);
  return language() === "zh" && found !== undefined ? `${found.zh} ${label}` : label;
}

export function meaningsView(labels) {
  const zh = language() === "zh";
  return h("dl", { class: "meanings" }, labels.map((label) => {
    const found = known.get(label);
    const told = found === undefined ? [h("dd", {}, t("help.no_meaning"))] : [h("dd", {}, zh ? found.means_zh : found.means), h("dd", { class: "quiet" }, t("help.example", { text: zh ? found.example_zh : found.example }))];
    return h("div", {}, h("dt", {}, labelName(label)), told);
  }));
}
