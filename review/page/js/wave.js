// Paints the voice: the wave, its loudness and, where it was measured, its pitch.

import { scaled } from "./strip.js";

export const WAVE_HEIGHT = 64;
const QUIET_DB = -60;

/** `start`: of the first column, from the start of the clip. */
export function paintWave(canvas, sound, axis, start) {
  const paint = scaled(canvas, axis.width, WAVE_HEIGHT);
  const x = (i) => axis.x(start + i * sound.step_s);
  paint.fillStyle = "#b8bec6";
  sound.envelope.forEach((level, i) => {
    const half = Math.max(0.5, level * (WAVE_HEIGHT / 2));
    paint.fillRect(x(i), WAVE_HEIGHT / 2 - half, Math.max(1, x(i + 1) - x(i)), half * 2);
  });
  line(paint, sound.level_dbfs.map((db) => Math.max(0, 1 - db / QUIET_DB)), x, "#b3560b");
  const range = pitchRange(sound);
  if (range !== null) line(paint, sound.pitch_hz.map((hz) => (hz === null ? null : place(hz, range))), x, "#0b4fb3", 2);
}

/** [lowest, highest] Hz, rounded outwards; null where no pitch was measured or heard. */
export function pitchRange(sound) {
  const heard = (sound.pitch_hz ?? []).filter((hz) => hz !== null);
  if (heard.length === 0) return null;
  return [Math.floor(Math.min(...heard) / 25) * 25, Math.ceil(Math.max(...heard) / 25) * 25];
}

const place = (hz, [low, high]) => (Math.log(hz) - Math.log(low)) / Math.max(0.01, Math.log(high) - Math.log(low));

/** A curve of shares 0-1, broken where nothing is known. */
function line(paint, shares, x, colour, width = 1.3) {
  paint.strokeStyle = colour;
  paint.lineWidth = width;
  paint.beginPath();
  let drawn = false;
  shares.forEach((share, i) => {
    if (share === null) {
      drawn = false;
      return;
    }
    const y = WAVE_HEIGHT - 2 - share * (WAVE_HEIGHT - 4);
    if (drawn) paint.lineTo(x(i + 0.5), y);
    else paint.moveTo(x(i + 0.5), y);
    drawn = true;
  });
  paint.stroke();
}
