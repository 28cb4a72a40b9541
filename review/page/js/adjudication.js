// What the others decided on a disputed sample, side by side, for the lead.

import { get } from "./api.js";
import { diffView } from "./diff.js";
import { h } from "./dom.js";
import { labelName } from "./label_names.js";
import { marksView } from "./mark_names.js";
import { t } from "./words.js";

export async function versionsView(screen, take) {
  const versions = await get(`/api/items/${screen.item_id}/versions`);
  return h("section", { class: "versions", "aria-label": t("adjudicate.title") }, h("h2", {}, t("adjudicate.title")), h("div", { class: "columns" }, versions.map((said) => column(said, screen, take))));
}

function column(said, screen, take) {
  const labels = said.labels.map(labelName).join(", ");
  const degree = said.intensity === null ? "" : ` (${said.intensity})`;
  const verdict = said.verdict === null ? (said.preference ?? "") : t(`decide.${said.verdict}`);
  return h("article", {},
    h("h3", {}, said.person, h("button", { type: "button", onclick: () => take(said) }, t("adjudicate.take"))),
    h("p", {}, h("b", {}, verdict), said.reason === null ? "" : `: ${t(`reason.${said.reason}`)}`),
    h("p", {}, labels + degree),
    marksView(said.marks),
    said.edited_text === null ? null : diffView(screen.told?.text ?? "", said.edited_text),
    said.note === null ? null : h("p", { class: "quiet" }, said.note));
}
