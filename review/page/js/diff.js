// What was changed, word by word. Chinese and other scripts without spaces go by their own words.

import { h } from "./dom.js";

const MOST = 4000; // words of one side; longer texts are compared by their ends alone

export function words(text) {
  if (typeof Intl.Segmenter === "function") return Array.from(new Intl.Segmenter(undefined, { granularity: "word" }).segment(text), (part) => part.segment);
  return text.match(/\s+|[^\s]+/g) ?? [];
}

/** [[kind, text], ...], kind "same", "gone" or "new"; "same" and "gone" give `before`, in order. */
export function compare(before, after) {
  const [a, b] = [words(before), words(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const middle = common(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return joined([...a.slice(0, head).map((w) => ["same", w]), ...middle, ...a.slice(a.length - tail).map((w) => ["same", w])]);
}

/** By the longest common subsequence. */
function common(a, b) {
  if (a.length === 0 || b.length === 0 || a.length > MOST || b.length > MOST) return [...a.map((w) => ["gone", w]), ...b.map((w) => ["new", w])];
  const wide = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) longest[i * wide + j] = a[i] === b[j] ? longest[(i + 1) * wide + j + 1] + 1 : Math.max(longest[(i + 1) * wide + j], longest[i * wide + j + 1]);
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      found.push(["same", a[i]]);
      i += 1;
      j += 1;
    } else if (longest[(i + 1) * wide + j] >= longest[i * wide + j + 1]) found.push(["gone", a[i++]]);
    else found.push(["new", b[j++]]);
  }
  return [...found, ...a.slice(i).map((w) => ["gone", w]), ...b.slice(j).map((w) => ["new", w])];
}

function joined(parts) {
  const found = [];
  for (const [kind, word] of parts) {
    if (found.length && found.at(-1)[0] === kind) found.at(-1)[1] += word;
    else found.push([kind, word]);
  }
  return found;
}

export function diffView(before, after) {
  const tags = { same: "span", gone: "del", new: "ins" };
  return h("p", { class: "diff" }, compare(before, after).map(([kind, text]) => h(tags[kind], {}, text)));
}
