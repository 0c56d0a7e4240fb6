// Where something stands in an encoding: the station says it as in the file (`application 4C5901, file 1, access`), people
// read it as words, and the picture finds the block that is meant.
import type { EncodingApplication } from "../../../shared/generated/EncodingApplication";
import type { EncodingFinding } from "../../../shared/generated/EncodingFinding";
import type { EncodingSummary } from "../../../shared/generated/EncodingSummary";
import { language, lookup, t, unfilled } from "../../../shared/words/words.svelte";

/** What people call an application. */
export function applicationName(of: EncodingApplication): string {
  return of.names?.[language()] ?? of.iso_name ?? of.aid;
}

/** What people call an encoding; where its description cannot be read, its id. */
export function titleOf(of: EncodingSummary): string {
  return of.title?.[language()] ?? of.name;
}

export function nameOf(aid: string, applications: EncodingApplication[]): string {
  const found = applications.find((one) => one.aid === aid);
  return found ? applicationName(found) : aid;
}

/** The block of the picture that is meant: `card`, `chip t5577`, `application 4C5901`, `application 4C5901, file 1`. */
export function spotOf(at: string): string {
  const parts = at.split(", ");
  const [first = "", second = ""] = parts;
  if (!first.startsWith("application")) return first.startsWith("chip") ? first : "card";
  return /^(key|file) /.test(second) ? `${first}, ${second}` : first;
}

/** In words, from the outside in. What has none stands as it does in the file. */
export function placeWords(at: string, applications: EncodingApplication[]): string {
  if (at === "") return t("encoding.at.file");
  return at
    .split(", ")
    .map((part) => {
      const [kind = "", name = ""] = part.split(" ");
      if (kind === "application" && name) {
        const called = nameOf(name, applications);
        return called === name ? t("encoding.at.application", { name }) : called;
      }
      if (kind === "chip" && !name) return t("encoding.changed.chip");
      return (
        lookup(`encoding.at.${kind === "file" ? "file_no" : kind}`, {
          name: kind === "chip" ? name.toUpperCase() : name,
        }) ?? part
      );
    })
    .join(" · ");
}

export interface FindingWords {
  what: string;
  why: string;
  help: string;
}

/** A finding in words: what it is, why it matters, what to do. */
export function findingWords(finding: EncodingFinding, applications: EncodingApplication[]): FindingWords {
  const { other, ...rest } = finding.details;
  const values = other
    ? { ...rest, other: placeWords(other.replace("the card's master key", "master_key"), applications) }
    : rest;
  const problem = finding.details.problem ?? (finding.code === "unreadable" ? "unreadable" : "");
  const filled = (key: string) => lookup(key, values)?.split(" | ") ?? [];
  if (problem) {
    const [what = problem, help = ""] = filled(`lint.wrong.${problem}`);
    return { what, why: "", help };
  }
  const [what = finding.code, why = "", help = ""] = filled(`lint.${finding.code}`);
  return { what, why, help };
}

/** Errors first, then as in the file. */
export function bySeverity(findings: EncodingFinding[]): EncodingFinding[] {
  const order = ["error", "warning", "note"];
  return [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || a.line - b.line);
}

/** Who may, as a word: a role stands for itself. */
export function who(access: string): string {
  return access === "free" || access === "never" ? t(`encoding.who.${access}`) : access;
}

/** All who may: by the right itself and by the right to read and write. */
export function allWho(right: string, both: string): string[] {
  const all = [...new Set([right, both])].filter((one) => one !== "never");
  return all.length > 0 ? all : ["never"];
}

/** What a key is made of on each card. */
export function madeOf(parts: string[]): string {
  if (parts.length === 0) return t("encoding.key.same");
  return parts.map((part) => unfilled(`encoding.part.${part}`) ?? part).join(" + ");
}
