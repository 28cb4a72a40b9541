// Keys by their place on the keyboard, so that they hold for every layout and input method.

const KEPT = "merr-keys";
// Of labels, by position: digits, then what no other action has.
const CHOICES = [..."1234567890"].map((digit) => `Digit${digit}`).concat("Minus", "Equal", [..."BGIJKOWY"].map((letter) => `Key${letter}`));

export const DEFAULTS = {
  play: "Space", back: "Comma", ahead: "Period", peak: "KeyP", loop: "KeyL", slower: "Shift+Comma", faster: "Shift+Period",
  claim_before: "BracketLeft", claim_next: "BracketRight", marks: "KeyM",
  mark_supported: "KeyT", mark_contradicted: "KeyX", mark_unverifiable: "KeyQ",
  accept: "KeyA", edit: "KeyE", reject: "KeyR", not_visible: "KeyV", not_audible: "KeyH", cannot_tell: "KeyC", distressing: "KeyD",
  a1: "ArrowLeft", same: "ArrowDown", a2: "ArrowRight",
  skip: "KeyS", flag: "KeyF", note: "KeyN", undo: "KeyU", submit: "Enter", help: "Shift+Slash",
  ...Object.fromEntries(CHOICES.map((place, i) => [`choice${i + 1}`, place])),
  ...Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`intensity${i + 1}`, `Shift+Digit${i + 1}`])),
};
export const MOST_CHOICES = CHOICES.length;
const REPEATED = new Set(["back", "ahead", "claim_before", "claim_next"]);
const NAMES = { Comma: ",", Period: ".", Slash: "/", Space: "␣", BracketLeft: "[", BracketRight: "]", Enter: "⏎", ArrowLeft: "←", ArrowDown: "↓", ArrowRight: "→", ArrowUp: "↑", Minus: "-", Equal: "=", Semicolon: ";", Quote: "'", Backquote: "`", Backslash: "\\" };
const SHIFTED = { Comma: "<", Period: ">", Slash: "?" };

export class Keys {
  constructor() {
    this.table = { ...DEFAULTS, ...kept() };
    this.actions = {};
    document.addEventListener("keydown", (event) => this.press(event));
  }

  /** Action -> function; actions without one are off. */
  use(actions) {
    this.actions = actions;
  }

  press(event) {
    if (this.capture !== undefined) {
      this.capture(event);
      return;
    }
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || isNative(event)) return;
    const action = this.actionOf(placeOf(event));
    if (action === undefined || this.actions[action] === undefined) return;
    event.preventDefault();
    if (!event.repeat || REPEATED.has(action)) this.actions[action]();
  }

  actionOf(place) {
    const same = Object.keys(this.table).filter((action) => this.table[action] === place);
    return same.find((action) => this.actions[action] !== undefined) ?? same[0];
  }

  /** Nothing where another action has its place: keys of more labels than a queue has may be taken. */
  name(action) {
    const place = this.table[action] ?? "";
    return Object.keys(this.table).find((other) => this.table[other] === place) === action ? nameOf(place) : "";
  }

  /** The one of `others` that has a place already: nothing was changed. Else null. */
  set(action, place, others) {
    const taken = others.find((other) => other !== action && this.table[other] === place);
    if (taken !== undefined) return taken;
    this.table[action] = place;
    const changed = Object.fromEntries(Object.entries(this.table).filter(([name, code]) => DEFAULTS[name] !== code));
    localStorage.setItem(KEPT, JSON.stringify(changed));
    return null;
  }

  reset() {
    localStorage.removeItem(KEPT);
    this.table = { ...DEFAULTS };
  }
}

export const placeOf = (event) => (event.shiftKey ? `Shift+${event.code}` : event.code);

export function nameOf(place) {
  const shift = place.startsWith("Shift+");
  const code = shift ? place.slice(6) : place;
  if (shift && code in SHIFTED) return SHIFTED[code];
  const bare = NAMES[code] ?? code.replace(/^(Key|Digit|Numpad)/, "");
  return shift ? `⇧${bare}` : bare;
}

/** Where letters are letters: fields, and whatever an input method is composing. */
function isTyping(event) {
  if (event.isComposing || event.keyCode === 229) return true;
  const { target } = event;
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select"));
}

/** Space and Enter belong to the button or link that has the focus. */
function isNative(event) {
  const { target } = event;
  return (event.code === "Space" || event.code === "Enter") && target instanceof HTMLElement && target.matches("button, a, summary, input");
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return Object.fromEntries(Object.entries(found).filter(([name, code]) => name in DEFAULTS && /^(Shift\+)?[A-Za-z0-9]{1,20}$/.test(code)));
  } catch {
    return {};
  }
}
