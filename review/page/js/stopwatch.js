// Seconds spent at a sample: the page in view, and something done in the last minute.

const IDLE_MS = 60_000;

export class Stopwatch {
  constructor(already = 0) {
    this.spent = already * 1000;
    this.last = performance.now();
    this.touched = this.last;
    this.touch = () => { this.touched = performance.now(); };
    for (const kind of ["keydown", "pointermove", "pointerdown"]) document.addEventListener(kind, this.touch, { passive: true });
    this.timer = setInterval(() => this.count(), 1000);
  }

  count() {
    const now = performance.now();
    if (document.visibilityState === "visible" && now - this.touched < IDLE_MS) this.spent += now - this.last;
    this.last = now;
  }

  get seconds() {
    this.count();
    return Math.round(this.spent / 100) / 10;
  }

  close() {
    clearInterval(this.timer);
    for (const kind of ["keydown", "pointermove", "pointerdown"]) document.removeEventListener(kind, this.touch);
  }
}
