// Name and password; there is no sign-up.

import { hello, keepToken, post, Refusal } from "./api.js";
import { fill, find, h } from "./dom.js";
import { languageButton, say, sayRefusal } from "./frame.js";
import { language, t } from "./words.js";

/** A path of this server, and nothing else. */
function target() {
  const wanted = new URLSearchParams(location.search).get("to") ?? "/queues";
  return /^\/[a-z]+(\?[a-z0-9=&]*)?$/.test(wanted) ? wanted : "/queues";
}

async function start() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.title = `${t("page.login")} · merr review`;
  const me = await hello();
  if (me.name !== null) {
    location.replace(target());
    return;
  }
  const name = h("input", { id: "name", autocomplete: "username", required: true, maxlength: "80" });
  const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true, maxlength: "200" });
  const go = async (event) => {
    event.preventDefault();
    try {
      keepToken(await post("/api/login", { name: name.value, password: password.value }));
      location.replace(target());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === "nobody") say(error.message, "bad");
      else sayRefusal(error);
      password.value = "";
      password.focus();
    }
  };
  fill(find("bar"), h("span", { class: "brand" }, "merr review"), languageButton());
  fill(find("main"), h("form", { class: "card", onsubmit: go }, h("h1", {}, t("page.login")),
    h("label", {}, t("login.name"), name), h("label", {}, t("login.password"), password),
    h("button", { type: "submit", class: "main" }, t("login.go")), h("p", { class: "quiet" }, t("login.no_account"))));
  name.focus();
}

start();
