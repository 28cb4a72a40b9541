// Keeps what is typed and not decided: in this browser at once, on the server soon after.

import { put, Refusal } from "./api.js";

const WAIT_MS = 500;
const PREFIX = "merr-draft";

export class DraftKeeper {
  constructor(pseudonym, screen, { onSaved, onRefused }) {
    this.key = `${PREFIX}:${pseudonym}:${screen.item_id}`;
    this.item = screen.item_id;
    this.version = screen.draft?.version ?? 0;
    this.onSaved = onSaved;
    this.onRefused = onRefused;
    this.flushing = Promise.resolve();
    this.leave = () => { if (document.visibilityState === "hidden") this.flush(true); };
    document.addEventListener("visibilitychange", this.leave);
  }

  /** The newest that is kept: here, or on the server; null where neither is. */
  found(screen) {
    const here = read(this.key);
    const there = screen.draft;
    if (here !== null && here.item === screen.version && here.version >= (there?.version ?? 0)) return here.answer;
    return there?.answer ?? null;
  }

  keep(answer, itemVersion) {
    this.answer = answer;
    try {
      localStorage.setItem(this.key, JSON.stringify({ answer, version: this.version, item: itemVersion }));
    } catch {
      // a full or forbidden store: the server still gets it
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), WAIT_MS);
  }

  /** Sends what was not sent; one after the other, as each names the version before. */
  flush(leaving = false) {
    clearTimeout(this.timer);
    this.flushing = this.flushing.then(() => this.save(leaving));
    return this.flushing;
  }

  async save(leaving) {
    const { answer } = this;
    if (answer === undefined || this.closed) return;
    this.answer = undefined;
    try {
      const saved = await put(`/api/items/${this.item}/draft`, { answer, version: this.version }, { keepalive: leaving });
      this.version = saved.version;
      this.onSaved(true);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 409) this.onRefused(error);
      else this.onSaved(false);
    }
  }

  /** After a decision nothing is left to keep. */
  close({ decided }) {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.leave);
    if (decided) localStorage.removeItem(this.key);
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}
