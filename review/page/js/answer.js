// The answer that is being given: what was chosen so far, and what is still missing.

export const VERDICTS = ["accept", "edit", "reject", "not_visible", "not_audible", "cannot_tell", "distressing"];
export const REASONS = ["wrong_face", "wrong_voice", "wrong_words", "wrong_scene", "wrong_label", "invented", "unclear", "other"];
export const PREFERENCES = ["a1", "same", "a2"];
export const MARKS = ["supported", "contradicted", "unverifiable"];
const LABELLED = ["accept", "edit"];
const MOST_LABELS = 8;

export class Answer {
  constructor(screen, draft) {
    this.screen = screen;
    this.labels = [...(draft?.labels ?? screen.blind_labels ?? [])];
    this.intensity = draft?.intensity ?? null;
    this.verdict = draft?.verdict ?? null;
    this.reason = draft?.reason ?? null;
    this.note = draft?.note ?? "";
    this.text = draft?.edited_text ?? screen.told?.text ?? "";
    this.preference = draft?.preference ?? null;
    this.seconds = draft?.seconds ?? 0;
    this.marks = new Map((draft?.marks ?? []).map((mark) => [mark.claim, mark.verdict]));
  }

  /** label_first, before the text is shown. */
  get blind() {
    return this.screen.mode === "label_first" && this.screen.blind_labels === null;
  }

  get compares() {
    return this.screen.mode === "ab";
  }

  get changed() {
    return this.screen.told !== null && !this.compares && this.text !== this.screen.told.text;
  }

  toggleLabel(label) {
    if (this.labels.includes(label)) this.labels = this.labels.filter((other) => other !== label);
    else if (this.labels.length < MOST_LABELS) this.labels.push(label);
    if (this.labels.length === 0) this.intensity = null;
  }

  setIntensity(n) {
    this.intensity = this.intensity === n ? null : n;
  }

  /** The same again takes it back. Gives what the claim is marked with now, or null. */
  setMark(claim, verdict) {
    if (this.marks.get(claim) === verdict) this.marks.delete(claim);
    else this.marks.set(claim, verdict);
    return this.marks.get(claim) ?? null;
  }

  /** Accept and edit speak for a label: the machine's, unless another was chosen. */
  setVerdict(verdict) {
    this.verdict = this.verdict === verdict ? null : verdict;
    if (this.verdict !== "reject") this.reason = null;
    const { told, labels } = this.screen;
    if (LABELLED.includes(this.verdict) && this.labels.length === 0 && told?.label && labels.includes(told.label)) this.labels = [told.label];
  }

  /** Key of the words that say what is missing; null: it can be sent. */
  get missing() {
    if (this.compares) return this.preference === null ? "need.preference" : null;
    if (this.blind) return this.labels.length === 0 ? "need.label" : null;
    if (this.verdict === null) return "need.verdict";
    if (LABELLED.includes(this.verdict) && this.labels.length === 0) return "need.label";
    if (this.verdict === "reject" && this.reason === null) return "need.reason";
    if (this.verdict === "edit" && (!this.changed || this.text.trim() === "")) return "need.edit";
    return null;
  }

  /** As the server takes it. */
  told({ seconds, sawMarks }) {
    return {
      labels: this.labels,
      intensity: this.labels.length ? this.intensity : null,
      verdict: this.compares ? null : this.verdict,
      reason: this.verdict === "reject" ? this.reason : null,
      note: this.note.trim() === "" ? null : this.note,
      edited_text: this.changed && (this.verdict === "edit" || this.verdict === null) ? this.text : null,
      preference: this.compares ? this.preference : null,
      marks: this.compares || this.screen.told === null ? [] : [...this.marks].map(([claim, verdict]) => ({ claim, verdict })),
      seconds,
      saw_marks: sawMarks,
      saw_label: !this.compares && this.screen.told !== null,
    };
  }
}
