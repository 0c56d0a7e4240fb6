// How an error reads when the station knows more or less about it.
import { afterEach, describe, expect, it } from "vitest";
import type { Problem } from "../../shared/generated/Problem";
import { problemWords } from "../../shared/words/problem";
import { counted, speak } from "../../shared/words/words.svelte";

const problem = (code: string, details: Record<string, string> = {}): Problem => ({
  code,
  fault: "card",
  helps: "another",
  details,
});

describe("an error", () => {
  afterEach(() => speak("en"));

  it("puts the words of inner codes in, in the operator’s language", () => {
    speak("de");
    const words = problemWords(problem("card.removed.writing", { step: "read_back", at: "11", of: "12" }));
    expect(words.cause).toContain("Schritt 11 von 12: Gegenlesen");
  });

  it("without words of its own takes those of its family, and leaves out what is not known", () => {
    const words = problemWords(problem("workflow.path.spins", { id: "photo", line: "44" }));
    expect(words.title).toBe("The workflow cannot be used.");
    expect(words.cause).not.toContain("–");
    expect(words.cause).toContain("photo");
  });

  it("of an unknown code shows the code and still says what helps", () => {
    const words = problemWords(problem("moon.full"));
    expect(words.cause).toContain("moon.full");
    expect(words.next).toBe("Take another one.");
  });

  it("names the printer’s reasons in words, not in keywords", () => {
    expect(problemWords(problem("printer.failed", { reasons: "media-jam, cover-open" })).cause).toContain(
      "card jammed, cover open",
    );
  });
});

it("one and many follow the language’s own rule", () => {
  speak("fr");
  expect(counted("import.added", 0)).toBe("0 personne ajoutée.");
  expect(counted("import.added", 2)).toBe("2 personnes ajoutées.");
  speak("en");
  expect(counted("import.added", 1)).toBe("1 person added.");
});
