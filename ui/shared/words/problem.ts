// An error as people read it: what happened, why, what to do now. One text per code, its three parts apart by " | ".
// A code without words of its own takes those of its family: `workflow.path.spins` those of `workflow`.
import type { Problem } from "../generated/Problem";
import { fill, lookup, t, unfilled, type Values } from "./words.svelte";

export interface ProblemWords {
  title: string;
  cause: string;
  next: string;
}

// Values that are codes themselves, and where their words are.
const coded: Record<string, string[]> = {
  step: ["step", "encode.step", "certify"],
  field: ["field", "entry.field"],
  kind: ["kind"],
  what: ["role", "kind"],
  right: ["right"],
  reason: ["reason", "why"],
  reasons: ["reason"],
};

function inWords(details: Record<string, string>): Values {
  const values: Values = {};
  for (const [name, value] of Object.entries(details)) {
    const prefixes = coded[name] ?? [];
    const one = (code: string) => {
      for (const prefix of prefixes) {
        const found = lookup(`${prefix}.${code}`);
        if (found) return found;
      }
      return code;
    };
    values[name] = prefixes.length > 0 ? value.split(", ").map(one).join(", ") : value;
  }
  return values;
}

/** The code itself, then its families, the nearest first. */
export function families(code: string): string[] {
  const parts = code.split(".");
  return parts.map((_, cut) => parts.slice(0, parts.length - cut).join("."));
}

/** A cause with what is known put in. A sentence of which nothing is known is left out. */
function causeOf(text: string, values: Values): string {
  const names = [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "");
  const known = names.filter((name) => values[name]);
  if (names.length === 0 || known.length === names.length) return fill(text, values);
  if (known.length === 0) {
    return text
      .split(/(?<=[.:])\s/)
      .filter((sentence) => !sentence.includes("{"))
      .join(" ");
  }
  const rest = text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  return rest
    .replace(/\s*\(\p{L}*\s*\)/gu, "")
    .replace(/\s+/g, " ")
    .replace(/\s([.,])/g, "$1")
    .trim();
}

export function problemWords(problem: Problem): ProblemWords {
  const values = inWords(problem.details);
  const found = families(problem.code)
    .map((code) => unfilled(`problem.${code}`))
    .find((text) => text !== undefined);
  const text = found ?? t("problem.unknown", { code: problem.code });
  const [title = "", cause = "", next = ""] = text.split("|").map((part) => part.trim());
  return {
    title: fill(title, values),
    cause: causeOf(cause, values),
    next: next ? fill(next, values) : (lookup(`helps.${problem.helps}`) ?? ""),
  };
}
