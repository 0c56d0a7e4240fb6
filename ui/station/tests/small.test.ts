// The small rules that a person notices when they are wrong.
import { describe, expect, it } from "vitest";
import { sealDigits, sealPaths } from "../../shared/components/seal";
import { cameraProblem } from "../src/core/camera";
import { loginFrom } from "../src/core/login";
import { marked } from "../src/core/marked";
import { strength } from "../src/core/strength";
import { groupsOf } from "../src/issue/groups";
import type { Line } from "../../shared/generated/Line";

describe("search", () => {
  it("marks what was typed, though the name has an umlaut and the query has none", () => {
    const parts = marked("Möllerström, Eileen", "mol");
    expect(parts.map((part) => part.text).join("")).toBe("Möllerström, Eileen");
    expect(parts.filter((part) => part.hit)).toEqual([{ text: "Möl", hit: true }]);
  });

  it("marks the second part of a double name", () => {
    expect(marked("Berg-Holm, Ana", "holm").filter((part) => part.hit)).toEqual([{ text: "Holm", hit: true }]);
  });
});

describe("a password", () => {
  it("of nine characters is too short however odd they are", () => {
    expect(strength("aB3$xY9!q")).toBe("short");
  });

  it("that repeats or runs in order is weak", () => {
    expect(strength("aaaaaaaaaaaa")).toBe("weak");
    expect(strength("1234567890")).toBe("weak");
  });

  it("that is a sentence is strong without any sign", () => {
    expect(strength("kranen vid kajen sover")).toBe("strong");
  });
});

describe("the seal", () => {
  it("of two stations is never the same picture", () => {
    const prints = ["7f3a91c2e05d4b16", "7f3a91c2e05d4b96", "8f3a91c2e05d4b16", "7f3a91c2e15d4b16"];
    const pictures = prints.map((print) => sealPaths(print.repeat(4), true).join());
    expect(new Set(pictures).size).toBe(prints.length);
    expect(sealDigits("7f3a91c2e05d4b16")).toBe("7F3A 91C2 E05D");
  });
});

it("a machine without a camera says so, though WebKit calls it over-constrained", () => {
  expect(cameraProblem(new DOMException("", "OverconstrainedError")).code).toBe("camera.none");
  expect(cameraProblem(new DOMException("", "NotAllowedError")).code).toBe("camera.refused");
});

it("a sign-in name is made of plain letters", () => {
  expect(loginFrom("Åsa Lindqvist")).toBe("asa");
  expect(loginFrom("  ")).toBe("");
});

it("thirty steps are parted by application, and only the one at work is open", () => {
  const doors = { en: "Doors", fr: "Portes", de: "Türen", sv: "Dörrar" };
  const canteen = { en: "Canteen", fr: "Cantine", de: "Kantine", sv: "Matsal" };
  const line = (code: string, of: typeof doors | null, state: Line["state"]): Line => ({
    code: `encode.${code}`,
    details: {},
    of,
    state,
    took_ms: null,
  });
  const some = (of: typeof doors, states: Line["state"][]) => states.map((state) => line("key", of, state));
  const lines = [
    line("master_key", null, "done"),
    line("application", doors, "done"),
    ...some(doors, ["done", "done", "done", "done", "done", "done"]),
    ...some(canteen, ["done", "running", "ahead", "ahead", "ahead", "ahead"]),
    ...some(doors, ["ahead", "ahead"]),
  ];
  const groups = groupsOf(lines, "de").map(({ name, state, folded }) => [name, state, folded]);
  expect(groups).toEqual([
    ["", "done", true],
    ["Türen", "done", true],
    ["Kantine", "running", false],
    ["Türen", "ahead", true],
  ]);
  // A card with few steps shows them all.
  expect(groupsOf(lines.slice(0, 5), "de").every((group) => !group.folded)).toBe(true);
});
