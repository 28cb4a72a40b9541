// Takes an invitation: its token is in the part of the address that is never sent or logged.

import { hello, keepToken, post, Refusal } from "./api.js";
import { fill, find, h } from "./dom.js";
import { languageButton, say, sayRefusal } from "./frame.js";
import { language, t } from "./words.js";

async function start() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.title = `${t("page.invite")} · merr review`;
  await hello();
  const token = location.hash.slice(1);
  const password = h("input", { id: "password", type: "password", autocomplete: "new-password", required: true, minlength: "10", maxlength: "200", "aria-describedby": "hint" });
  const again = h("input", { id: "again", type: "password", autocomplete: "new-password", required: true, minlength: "10", maxlength: "200" });
  const go = async (event) => {
    event.preventDefault();
    if (password.value !== again.value) {
      say(t("invite.differ"), "bad");
      return;
    }
    try {
      keepToken(await post("/api/accept", { token, password: password.value }));
      location.replace("/queues");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sayRefusal(error);
    }
  };
  fill(find("bar"), h("span", { class: "brand" }, "merr review"), languageButton());
  fill(find("main"), h("form", { class: "card", onsubmit: go }, h("h1", {}, t("invite.title")), h("p", { id: "hint", class: "quiet" }, t("invite.hint")),
    h("label", {}, t("login.password"), password), h("label", {}, t("invite.again"), again),
    h("button", { type: "submit", class: "main" }, t("invite.go"))));
  password.focus();
}

start();
