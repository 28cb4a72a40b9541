// The queues that are for me.

import { get } from "./api.js";
import { fill, find, h } from "./dom.js";
import { openPage } from "./frame.js";
import { progress, table } from "./table.js";
import { t } from "./words.js";

async function start() {
  await openPage("queues");
  const queues = await get("/api/queues");
  const names = ["queue.name", "queue.kind", "queue.mode", "lead.progress", "queue.mine", "queue.state", "queue.start"].map((key) => t(key));
  const rows = queues.map((queue) => [
    queue.name, t(`kind.${queue.kind}`), t(`mode.${queue.mode}`), queue.kind === "practice" ? progress(queue.mine, queue.samples) : progress(queue.samples - queue.open, queue.samples), String(queue.mine), t(`state.${queue.state}`),
    h("a", { class: "button", href: `/work?queue=${queue.queue_id}`, "aria-label": `${t("queue.start")}: ${queue.name}` }, t("queue.start")),
  ]);
  fill(find("main"), h("h1", {}, t("page.queues")), rows.length ? table(t("page.queues"), names, rows) : h("p", {}, t("queue.none")));
}

start();
