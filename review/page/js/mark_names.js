// Marks of claims as signs and in words.

import { h } from "./dom.js";
import { t } from "./words.js";

export const MARK = { supported: "✓", contradicted: "✗", unverifiable: "?" };

/** What a person marked, each claim beside what the machine said where that is another. */
export function marksView(marks) {
  return marks.length === 0 ? null : h("ul", { class: "said-marks", "aria-label": t("claims.marked") }, marks.map(one));
}

function one({ claim, verdict, machine }) {
  const other = machine === null || machine === verdict ? null : h("small", {}, " ", t("claims.machine", { verdict: t(`verdict.${machine}`) }));
  return h("li", {}, h("b", { class: `mark ${verdict}` }, h("span", { "aria-hidden": "true" }, MARK[verdict], " "), t(`verdict.${verdict}`)), ": ", claim, other);
}
