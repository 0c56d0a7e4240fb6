// The keyboard, where a wrong key would cost an operator a case.
import { describe, expect, it } from "vitest";
import { combination, keyWords } from "../src/core/keys";
import { speak } from "../../shared/words/words.svelte";

const key = (init: KeyboardEventInit & { altGr?: boolean }) => {
  const event = new KeyboardEvent("keydown", init);
  if (init.altGr) Object.defineProperty(event, "getModifierState", { value: (name: string) => name === "AltGraph" });
  return event;
};

describe("a key", () => {
  it("typed with AltGr is left to the text field", () => {
    expect(combination(key({ key: "@", code: "KeyQ", ctrlKey: true, altGr: true }))).toBeNull();
  });

  it("that composes a character is left to the text field", () => {
    expect(combination(key({ key: "Enter", isComposing: true }))).toBeNull();
  });

  it("of a digit is told by its place, so that AZERTY reaches the sections", () => {
    expect(combination(key({ key: "é", code: "Digit2", ctrlKey: true }))).toBe("Ctrl+2");
  });

  it("of a letter is told by what is written on it", () => {
    expect(combination(key({ key: "z", code: "KeyY", ctrlKey: true }))).toBe("Ctrl+Z");
  });

  it("of a letter alone is never a command", () => {
    expect(combination(key({ key: "n", code: "KeyN" }))).toBeNull();
  });

  it("is named as on the operator’s keyboard", () => {
    speak("de");
    expect(keyWords("Ctrl+PageUp")).toBe("Strg Bild auf");
    expect(keyWords("Ctrl++")).toBe("Strg +");
    speak("en");
  });
});
