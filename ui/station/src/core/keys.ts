// The keyboard. Letters by what is written on the key, digits by where they are (AZERTY); AltGr and composing are left
// to the text field; the web view's own keys are swallowed, or F5 would load the page anew in the middle of a case.
import { lookup } from "../../../shared/words/words.svelte";
import { press, refusal, waitNoMore } from "./actions.svelte";

const modifiers = ["Control", "Shift", "Meta", "Alt", "AltGraph"];

/** `Ctrl+E`, `F2`, `Enter`, or null for what is not a command. */
export function combination(event: KeyboardEvent): string | null {
  if (event.isComposing || event.getModifierState("AltGraph") || event.altKey) return null;
  const ctrl = event.ctrlKey || event.metaKey;
  let name = event.key;
  if (/^Digit\d$/.test(event.code) && ctrl) name = event.code.slice(5);
  else if (/^Numpad\d$/.test(event.code) && ctrl) name = event.code.slice(6);
  else if (name.length === 1) name = name.toUpperCase();
  if (!ctrl && name.length === 1) return null;
  if (modifiers.includes(name)) return null;
  return ctrl ? `Ctrl+${name}` : name;
}

// Would leave, reload, search, print, zoom or open something of the web view's own.
const swallowed =
  /^(F3|F5|F6|F7|F9|Ctrl\+(F|G|R|P|U|S|O|N|T|W|H|D|J|L|K|E|B|I|M|\+|-|=|0|[1-9]|F5|Enter|PageUp|PageDown))$/;

function writesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}

function takesEnter(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLButtonElement && target.getAttribute("role") !== "radio")
  );
}

export function onKey(event: KeyboardEvent): void {
  if (!modifiers.includes(event.key)) waitNoMore();
  if (event.defaultPrevented) return;
  const combo = combination(event);
  if (!combo) return;
  refusal.text = "";
  // What a text field needs for itself: moving, marking, undoing of what was typed.
  if (writesText(event.target)) {
    if (/^(Ctrl\+)?(Arrow\w+|Home|End|Backspace|Delete|Tab)$/.test(combo)) return;
    if (/^Ctrl\+[ACVXYZ]$/.test(combo)) return;
  }
  if (combo === "Enter" && takesEnter(event.target)) return;
  if (combo === "Tab" || combo === " ") return;
  if (press(combo, event.repeat) || swallowed.test(combo)) event.preventDefault();
}

/** A combination as it is written on the keyboards of the language. */
export function keyWords(combo: string): string {
  const parts = combo.endsWith("++") ? [combo.slice(0, -2), "+"] : combo.split("+");
  return parts.map((part) => lookup(`key.${part}`) ?? part).join(" ");
}
