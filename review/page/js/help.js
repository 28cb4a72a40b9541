// Keys, how to change them, and what the labels mean, over the page.

import { REASONS } from "./answer.js";
import { h } from "./dom.js";
import { DEFAULTS, placeOf } from "./keys.js";
import { meaningsView } from "./label_names.js";
import { t } from "./words.js";

export function actionName(action) {
  const numbered = /^(choice|intensity)(\d+)$/.exec(action);
  return numbered === null ? t(`key.${action}`) : t(`key.${numbered[1]}`, { n: numbered[2] });
}

export function openHelp(keys, labels, redraw) {
  const said = h("p", { role: "status", class: "quiet" });
  const list = h("div", { class: "key-list" });
  const close = () => dialog.close();
  const most = Math.max(labels.length, REASONS.length);
  const used = Object.keys(DEFAULTS).filter((action) => !action.startsWith("choice") || Number(action.slice(6)) <= most);
  const draw = () => list.replaceChildren(...used.map((action) => row(keys, action, used, said, draw)));
  const reset = () => {
    keys.reset();
    draw();
  };
  const dialog = h("dialog", { class: "help", "aria-label": t("keys.title") },
    h("h2", {}, t("help.labels")), meaningsView(labels),
    h("h2", {}, t("keys.title")), h("p", { class: "quiet" }, t("keys.hint")), said, list,
    h("p", {}, h("button", { type: "button", onclick: reset }, t("keys.reset")), " ", h("button", { type: "button", class: "main", onclick: close }, t("help.close"))));
  draw();
  dialog.addEventListener("close", () => {
    delete keys.capture;
    dialog.remove();
    redraw();
  });
  document.body.append(dialog);
  dialog.showModal();
  keys.capture = (event) => { if (event.key === "?") close(); };
}

function row(keys, action, used, said, draw) {
  const change = (event) => {
    const button = event.currentTarget;
    button.textContent = t("keys.press");
    const before = keys.capture;
    keys.capture = (pressed) => {
      if (["Shift", "Control", "Alt", "Meta", "Tab"].includes(pressed.key) || pressed.isComposing) return;
      pressed.preventDefault();
      keys.capture = before;
      if (pressed.key !== "Escape") {
        const taken = keys.set(action, placeOf(pressed), used);
        said.textContent = taken === null ? "" : t("keys.taken", { action: actionName(taken) });
      }
      draw();
    };
  };
  return h("button", { type: "button", class: "key-row", onclick: change }, h("span", {}, actionName(action)), h("kbd", {}, keys.name(action)));
}
