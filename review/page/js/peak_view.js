// The frame in which the face says most: a box around the person meant, and its units in words.

import { auName } from "./au_names.js";
import { h } from "./dom.js";
import { strength } from "./strip.js";
import { t } from "./words.js";

export function peakView(address, tracks) {
  const peak = tracks?.peak ?? null;
  if (address === null && peak === null) return null;
  const picture = address === null ? null : h("img", { src: address, width: tracks?.proxy?.width_px, height: tracks?.proxy?.height_px, alt: peak === null ? t("player.still") : `${t("peak.title")}, ${t("peak.at", { time: peak.t_s.toFixed(2) })}` });
  const frame = h("div", { class: "peak-frame" }, picture, ...shades(peak?.box ?? null));
  const several = peak !== null && peak.faces !== null && peak.faces > 1 ? h("p", { class: "quiet" }, t("peak.others", { count: peak.faces })) : null;
  const title = peak === null ? t("peak.none") : `${t("peak.title")} ${t("peak.at", { time: peak.t_s.toFixed(2) })}`;
  return h("section", { class: "peak", "aria-label": t("peak.title") }, h("h2", {}, title), frame, units(peak), several);
}

/** Four grey panes around the box: whoever else is in the picture is dimmed. */
function shades(box) {
  if (box === null) return [];
  const [left, top, width, height] = box.map((share) => share * 100);
  const within = (value) => Math.min(100, Math.max(0, value));
  const [x0, y0, x1, y1] = [within(left), within(top), within(left + width), within(top + height)];
  const panes = [[0, 0, 100, y0], [0, y1, 100, 100 - y1], [0, y0, x0, y1 - y0], [x1, y0, 100 - x1, y1 - y0]];
  return [...panes.map((pane) => lay(h("div", { class: "dim" }), pane)), lay(h("div", { class: "box" }), [x0, y0, x1 - x0, y1 - y0])];
}

function lay(element, [left, top, width, height]) {
  Object.assign(element.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
  return element;
}

function units(peak) {
  if (peak === null) return null;
  const told = (au) => (au.intensity === null ? "" : ` ${strength(au.intensity)} (${au.intensity.toFixed(1)})`);
  const rows = [...peak.aus].sort((a, b) => (b.intensity ?? 0) - (a.intensity ?? 0)).map((au) => h("li", {}, h("b", {}, auName(au.au, peak.names[au.au])), told(au), " ", h("small", {}, au.au)));
  const proxy = peak.proxy ? h("p", { class: "quiet" }, t("tracks.proxy")) : null;
  return h("div", {}, h("ul", { class: "units" }, rows), proxy);
}
