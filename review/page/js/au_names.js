// Action units in plain words. English names come with the tracks; Chinese ones are ours.

import { language } from "./words.js";

const ZH = {
  AU01: "眉毛内侧上抬", AU02: "眉毛外侧上抬", AU04: "眉毛下压", AU05: "上眼睑抬起", AU06: "脸颊上抬", AU07: "眼睑收紧",
  AU09: "皱鼻", AU10: "上唇上抬", AU12: "嘴角上扬", AU14: "嘴角收紧", AU15: "嘴角下拉", AU17: "下巴上抬",
  AU20: "嘴唇拉伸", AU23: "嘴唇收紧", AU25: "双唇分开", AU26: "下巴下落", AU28: "抿唇", AU45: "眨眼",
};

/** `english`: its name in FACS. */
export function auName(au, english) {
  return language() === "zh" ? ZH[au] ?? english : english;
}
