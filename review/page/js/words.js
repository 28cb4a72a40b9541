// The words of the page in the language chosen; {name} stands for a value.

import { en } from "./words_en.js";
import { zh } from "./words_zh.js";

const KEPT = "merr-language";
const TABLES = { en, zh };

export function language() {
  const kept = localStorage.getItem(KEPT);
  if (kept in TABLES) return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function setLanguage(wanted) {
  localStorage.setItem(KEPT, wanted);
}

/** Words of a key; `otherwise` where there are none (default: the key, so that a gap is seen). */
export function t(key, values = {}, otherwise = key) {
  const told = TABLES[language()][key] ?? TABLES.en[key] ?? otherwise;
  return told.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
