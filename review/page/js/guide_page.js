// Guidelines, in the lead's words where there are some, and what the labels mean.

import { get } from "./api.js";
import { fill, find, h } from "./dom.js";
import { openPage } from "./frame.js";
import { loadLabels, meaningsView } from "./label_names.js";
import { t } from "./words.js";

async function start() {
  await openPage("guide");
  await loadLabels();
  const { text } = await get("/api/guidelines");
  const labels = (await get("/api/labels")).map((meaning) => meaning.label);
  fill(find("main"), h("h1", {}, t("guide.title")), h("div", { class: "guidelines" }, text ?? t("guide.default")), h("h2", {}, t("help.labels")), meaningsView(labels));
}

start();
