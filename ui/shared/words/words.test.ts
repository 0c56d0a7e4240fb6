// Every text in four languages: none missing, none left in English by mistake, none that lost a value on the way; and
// every code that the station can answer with has its words.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import de from "./de.json";
import en from "./en.json";
import fr from "./fr.json";
import { families } from "./problem";
import sv from "./sv.json";

const english: Record<string, string> = en;
const others: Record<string, Record<string, string>> = { fr, de, sv };

// Words that are the same in two languages, looked at one by one.
const same: Record<string, string[]> = {
  fr: [
    "encoding.version",
    "encoding.key.version",
    "encoding.part.uid",
    "encoding.part.aid",
    "encoding.severity.note",
    "encoding.notes.one",
    "encoding.notes.other",
    "encoding.at.application",
    "encoding.seconds",
    "encoding.changed.application",
    "key.Ctrl",
    "step.photo",
    "field.email",
    "line.took",
    "people.standing",
    "card.active",
    "technology.desfire",
    "chip.facility",
    "chip.uid",
    "encode.application",
    "encode.step.application",
    "kind.photo",
    "entry.field.version",
    "entry.field.photo",
    "entry.field.uid",
    "entry.field.code",
  ],
  de: [
    "encoding.region.name",
    "encoding.key.version",
    "encoding.part.uid",
    "encoding.seconds",
    "key.Escape",
    "first.step.name",
    "operator.name",
    "case.other.card",
    "line.took",
    "people.name",
    "technology.desfire",
    "technology.piv",
    "chip.uid",
    "entry.field.person",
    "entry.field.version",
    "entry.field.uid",
    "entry.field.code",
    "entry.field.name",
    "entry.field.station",
  ],
  sv: [
    "encoding.version",
    "encoding.key.version",
    "encoding.part.uid",
    "encoding.seconds",
    "key.Escape",
    "key.Ctrl",
    "key.PageUp",
    "key.PageDown",
    "key.Home",
    "case.other.card",
    "line.took",
    "technology.desfire",
    "technology.piv",
    "chip.uid",
    "kind.person",
    "entry.field.person",
    "entry.field.version",
    "entry.field.uid",
    "entry.field.station",
  ],
};

// Codes that concern whoever draws a workflow, a design or an encoding, or that say "this program has a fault": one text
// for the family, the code itself and its values stand below it.
const familyOnly =
  /^(workflow|history|format|design|encoding|keys|store|bench|station|em|legic|card\.(answer|command|operation|session|piv|pin|puk|file|key\.management))(\.|$)/;

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

describe.each(Object.keys(others))("the words in %s", (language) => {
  const book = others[language] ?? {};

  it("are there for every key, and for no other", () => {
    expect(Object.keys(book).sort()).toEqual(Object.keys(english).sort());
  });

  it("hold the same values as the English ones", () => {
    // A sentence may leave out a value that its grammar has no place for; it may never invent one.
    for (const [key, text] of Object.entries(book)) {
      expect(placeholders(text), `${language} ${key}`).toEqual(placeholders(english[key] ?? ""));
    }
  });

  it("are not English left standing", () => {
    const left = Object.entries(book).filter(([key, text]) => text === english[key] && !same[language]?.includes(key));
    expect(left).toEqual([]);
  });

  it("are not empty and not untidy", () => {
    for (const [key, text] of Object.entries(book)) {
      if (key !== "problem.unknown") expect(text.trim(), `${language} ${key}`).toBe(text);
      expect(text.length, `${language} ${key}`).toBeGreaterThan(0);
      expect(text, `${language} ${key}`).not.toMatch(/ {2}|'/);
    }
  });
});

it("every error says what happened, why, and what to do", () => {
  for (const book of [english, ...Object.values(others)]) {
    for (const [key, text] of Object.entries(book)) {
      if (key.startsWith("problem.")) expect(text.split("|").length, `${key}: ${text}`).toBe(3);
    }
  }
});

describe("what the station answers with", () => {
  const root = join(import.meta.dirname, "../../..");
  const sources = ["crates", "drivers"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => /[/\\]src[/\\].*\.rs$/.test(path))
      .map((path) => readFileSync(join(root, folder, path), "utf8")),
  );
  const strings = (text: string) => [...text.matchAll(/"([a-z_]+(?:\.[a-z_]+)+)"/g)].map((found) => found[1] ?? "");

  it("has words for every error code", () => {
    const codes = new Set<string>();
    for (const source of sources) {
      for (const body of source.matchAll(/fn code\(&?self\)[^{]*\{([\s\S]*?)\n {4}\}/g))
        strings(body[1] ?? "").forEach((code) => codes.add(code));
    }
    expect(codes.size).toBeGreaterThan(150);
    const missing = [...codes].filter((code) =>
      families(code).every((name, at) => !(`problem.${name}` in english) || (at > 0 && !familyOnly.test(name))),
    );
    expect(missing).toEqual([]);
  });

  it("has words for every line of progress, note, test and fact", () => {
    const said = new Set(
      sources.flatMap(strings).filter((code) => /^(certify|print|chip|test|step\.note|encode)\./.test(code)),
    );
    const plan = sources.find((source) => source.includes("pub fn label(&self)")) ?? "";
    const labels = [...plan.matchAll(/Self::\w+(?: \{ \.\. \})? => "([a-z_]+)"/g)].map((found) => found[1] ?? "");
    expect(labels.length).toBeGreaterThan(5);
    for (const label of labels) said.add(`encode.${label}`).add(`encode.step.${label}`);
    // A right is no line of progress.
    expect([...said].filter((code) => !(code in english) && !(`right.${code}` in english))).toEqual([]);
  });

  it("has words for every finding of lint, in English the same as on the command line", () => {
    const rules = sources.find((source) => source.includes("every_rule_says_why_and_what_to_do")) ?? "";
    const text = (quoted = "") => quoted.replaceAll('\\"', '"').replaceAll("'", "’");
    const found = [...rules.matchAll(/\w+: "(\w+)", \w+, \w+,\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)";/g)];
    expect(found.length).toBeGreaterThan(35);
    for (const [, code = "", why, help] of found) {
      expect(english[`lint.${code}`]?.split(" | ").slice(1), code).toEqual([text(why), text(help)]);
      for (const book of Object.values(others)) expect(book[`lint.${code}`]?.split(" | ").length, code).toBe(3);
    }
  });

  it("has words for everything that is wrong with a file, and for everything that differs between two", () => {
    const source = (holds: string) => sources.find((one) => one.includes(holds)) ?? "";
    const problems = [...(source("NotForType {")?.matchAll(/=> "([a-z_0-9]+)",/g) ?? [])].map((one) => one[1] ?? "");
    expect(problems.length).toBeGreaterThan(30);
    expect(problems.filter((word) => !(`lint.wrong.${word}` in english))).toEqual([]);
    const comparison = source("struct Changes(Vec<Change>)");
    const changed = [...comparison.matchAll(/(?:add|differs)\(\s*&?(?:at|"[a-z_, ]+"|at\(\w+\)), "([a-z_0-9]+)"/g)];
    expect(changed.length).toBeGreaterThan(12);
    expect(changed.map((one) => one[1] ?? "").filter((word) => !(`encoding.changed.${word}` in english))).toEqual([]);
  });

  it("has words for every kind of entry, fault and remark", () => {
    const changes = sources.flatMap((source) =>
      [...source.matchAll(/(?:Change::new|change|request|entry)\(\s*"([a-z]+\.[a-z_]+)"/g)].map(
        (found) => found[1] ?? "",
      ),
    );
    const report = sources.find((source) => source.includes('RecordConcurrent = "record.concurrent"')) ?? "";
    const found = [...report.matchAll(/ = "([a-z]+\.[a-z_]+)"/g)].map((one) => one[1] ?? "");
    expect(found.length).toBeGreaterThan(25);
    expect(found.filter((code) => !(`fault.${code}` in english) && !(`remark.${code}` in english))).toEqual([]);
    expect(changes.length).toBeGreaterThan(20);
    expect(changes.filter((code) => !(`what.${code}` in english))).toEqual([]);
  });
});
