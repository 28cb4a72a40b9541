// Seconds to pixels, and where to write the seconds.

export class Axis {
  constructor(start, end, width) {
    this.start = start;
    this.end = Math.max(end, start + 0.001);
    this.width = width;
  }

  x(time) {
    return ((time - this.start) / (this.end - this.start)) * this.width;
  }

  time(x) {
    return this.start + (Math.min(Math.max(x, 0), this.width) / this.width) * (this.end - this.start);
  }

  ticks(most = 12) {
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800].find((s) => (this.end - this.start) / s <= most) ?? 3600;
    const found = [];
    for (let k = Math.ceil(this.start / step); k * step <= this.end; k += 1) found.push(Math.round(k * step * 10) / 10);
    return found;
  }
}
