// Paints the face: one band per action unit that moves, darker where it is stronger.

import { t } from "./words.js";

export const BAND = 13; // pixels
const STRONGEST = 5;

/** [height, 4..] of the canvas for so many bands. */
export const stripHeight = (strip) => Math.max(1, strip.aus.length) * BAND;

export function paintStrip(canvas, strip, axis, clipEnd) {
  const paint = scaled(canvas, axis.width, stripHeight(strip));
  const ends = [...strip.times_s.slice(1), clipEnd];
  strip.aus.forEach((row, band) => {
    row.values.forEach((value, i) => {
      if (value === null) return;
      paint.fillStyle = heat(value);
      const x = axis.x(strip.times_s[i]);
      paint.fillRect(x, band * BAND, Math.max(1, axis.x(ends[i]) - x + 0.5), BAND - 1);
    });
  });
  strip.trusted.forEach((trusted, i) => {
    if (!trusted) hatch(paint, axis.x(strip.times_s[i]), axis.x(ends[i]), stripHeight(strip));
  });
}

/** What a pointer is on: [row, value at that time], or null. */
export function unitAt(strip, y, time) {
  const row = strip.aus[Math.floor(y / BAND)];
  if (row === undefined || time < 0) return null;
  let place = strip.times_s.findIndex((start) => start > time) - 1;
  if (place < -1) place = strip.times_s.length - 1;
  return place < 0 ? null : [row, row.values[place]];
}

export function strength(value) {
  const words = ["faint", "slight", "clear", "strong", "extreme"]; // FACS A to E
  return t(`peak.${words[Math.min(4, Math.max(0, Math.ceil(value) - 1))]}`);
}

function heat(value) {
  const share = Math.min(1, value / STRONGEST);
  return `hsl(${38 - 28 * share} ${40 + 50 * share}% ${94 - 56 * Math.sqrt(share)}%)`;
}

function hatch(paint, from, to, height) {
  paint.save();
  paint.beginPath();
  paint.rect(from, 0, to - from + 0.5, height);
  paint.clip();
  paint.fillStyle = "rgb(205 205 205 / 90%)";
  paint.fillRect(from, 0, to - from + 0.5, height);
  paint.strokeStyle = "#8a8a8a";
  paint.beginPath();
  for (let x = Math.floor((from - height) / 7) * 7; x < to; x += 7) {
    paint.moveTo(x, height);
    paint.lineTo(x + height, 0);
  }
  paint.stroke();
  paint.restore();
}

/** A canvas as sharp as the screen; its context, in CSS pixels. */
export function scaled(canvas, width, height) {
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * sharp));
  canvas.height = Math.max(1, Math.round(height * sharp));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const paint = canvas.getContext("2d");
  paint.setTransform(sharp, 0, 0, sharp, 0, 0);
  paint.clearRect(0, 0, width, height);
  return paint;
}
