// The film of one clip, or its sound alone: frames to step by, spans to loop, one clock for all that is drawn below.
// Times are seconds from the start of the clip; context before it is negative.

import { h } from "./dom.js";
import { t } from "./words.js";

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];
const INTO_FRAME_S = 0.004; // so that rounding never shows the frame before

export class Player {
  /** `video`: the element that plays; `frames`: when each begins, in the file, empty for sound. */
  constructor(video, { before, frames, end, clip }) {
    this.before = before;
    this.frames = frames;
    this.end = end;
    this.clip = clip;
    this.span = null;
    this.listeners = [];
    this.video = video;
    this.video.addEventListener("loadedmetadata", () => this.seek(0), { once: true });
    this.tick = this.tick.bind(this);
    requestAnimationFrame(this.tick);
  }

  get time() {
    return this.video.currentTime - this.before;
  }

  /** Number of the frame shown, from 0 at the start of the clip; negative in the context before. */
  get frame() {
    return this.place - this.firstOfClip;
  }

  get place() {
    const at = this.video.currentTime + INTO_FRAME_S / 2;
    let low = 0;
    let high = this.frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.frames[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  get firstOfClip() {
    const first = this.frames.findIndex((t) => t >= this.before - 0.0015);
    return first < 0 ? 0 : first;
  }

  get ready() {
    return this.video.readyState >= 2;
  }

  onTime(listener) {
    this.listeners.push(listener);
  }

  seek(time) {
    const wanted = Math.min(Math.max(time, -this.before), Math.max(0, this.end - 0.001));
    this.video.currentTime = wanted + this.before;
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  step(by) {
    if (this.frames.length === 0) return;
    this.video.pause();
    this.span = null;
    const place = Math.min(Math.max(this.place + by, 0), this.frames.length - 1);
    this.video.currentTime = this.frames[place] + INTO_FRAME_S;
  }

  /** Frame of the clip, from 0. */
  showFrame(index, time) {
    this.video.pause();
    this.span = null;
    const at = this.frames[this.firstOfClip + index];
    const near = at !== undefined && Math.abs(at - this.before - time) < 0.1;
    this.video.currentTime = (near ? at : time + this.before) + INTO_FRAME_S;
  }

  speed(by) {
    const now = SPEEDS.indexOf(this.video.playbackRate);
    this.video.playbackRate = SPEEDS[Math.min(Math.max((now < 0 ? 3 : now) + by, 0), SPEEDS.length - 1)];
    return this.video.playbackRate;
  }

  /** Again and again; null ends it. A span shorter than half a second is made that long. */
  loop(span) {
    this.span = span === null ? null : widened(span, -this.before, this.end);
    if (this.span === null) return;
    this.seek(this.span[0]);
    this.video.play().catch(() => {});
  }

  close() {
    this.closed = true;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  tick() {
    if (this.closed) return;
    if (this.span !== null && !this.video.paused && (this.time >= this.span[1] || this.time < this.span[0] - 0.2)) this.seek(this.span[0]);
    if (this.span === null && this.video.ended) this.video.pause();
    for (const listener of this.listeners) listener(this);
    requestAnimationFrame(this.tick);
  }
}

export function filmPlayer(address, { proxy, clip_s }) {
  const video = h("video", { src: address, preload: "auto", playsinline: true, "aria-label": t("player.label"), tabindex: "-1", width: proxy.width_px, height: proxy.height_px });
  video.disablePictureInPicture = true;
  const player = new Player(video, { before: proxy.before_s, frames: proxy.frames_s, end: proxy.duration_s - proxy.before_s, clip: clip_s });
  video.addEventListener("click", () => player.toggle());
  return player;
}

/** With the browser's own slider, as there is no time line to click at. */
export function soundPlayer(address, { clip_s }) {
  const audio = h("audio", { src: address, preload: "auto", controls: true, "aria-label": t("player.sound") });
  return new Player(audio, { before: 0, frames: [], end: clip_s, clip: clip_s });
}

function widened([start, end], least, most) {
  const lacking = Math.max(0, 0.5 - (end - start)) / 2;
  return [Math.max(least, start - lacking), Math.min(most, end + lacking)];
}
