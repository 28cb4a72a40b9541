// What every page has: who is logged in, where one can go, the language, and messages.

import { get, hello, post } from "./api.js";
import { fill, find, h } from "./dom.js";
import { language, setLanguage, t } from "./words.js";

/** Draws the bar and gives who is logged in; sends those who are not to /login. */
export async function openPage(name) {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  const me = await hello();
  if (me.name === null) {
    location.replace(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {});
  }
  document.title = `${t(`page.${name}`)} · merr review`;
  drawBar(me, name);
  drawOwnWork();
  return me;
}

function drawBar(me, name) {
  const links = ["queues", "history", "guide", ...(me.role === "lead" ? ["lead", "agreement"] : [])];
  fill(
    find("bar"),
    h("a", { class: "brand", href: "/queues" }, "merr review"),
    h("nav", { "aria-label": t("nav") }, links.map((link) => h("a", { href: `/${link}`, "aria-current": link === name ? "page" : null }, t(`page.${link}`)))),
    h("span", { id: "own-work", class: "quiet" }),
    languageButton(),
    h("span", { class: "who" }, me.name),
    h("button", { type: "button", class: "plain", onclick: leave }, t("logout")),
  );
}

export function languageButton() {
  const other = language() === "zh" ? "en" : "zh";
  const change = () => {
    setLanguage(other);
    location.reload();
  };
  return h("button", { type: "button", class: "plain", id: "language", lang: other === "zh" ? "zh-CN" : "en", onclick: change }, other === "zh" ? "中文" : "English");
}

export async function drawOwnWork() {
  const place = find("own-work");
  if (place === null) return;
  const work = await get("/api/own-work");
  place.textContent = t("own.work", { decisions: work.decisions, hours: work.hours.toFixed(1) });
}

async function leave() {
  await post("/api/logout");
  location.replace("/login");
}

/** Said aloud by screen readers, shown for a while to everybody. */
export function say(text, kind = "") {
  const place = find("say");
  place.className = kind;
  place.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { place.textContent = ""; }, kind === "bad" ? 12000 : 5000);
}

export function sayRefusal(error) {
  if (error.code === "nobody") location.replace(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
  const known = t(`refusal.${error.code}`, {}, "");
  say([known, error.message].filter(Boolean).join(" "), "bad");
}
