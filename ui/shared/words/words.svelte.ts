// Words by key in four languages. Keys used by the window are checked by the compiler; codes that come from the
// station are looked up at run time, and an unknown one is shown as what it is.
import de from "./de.json";
import en from "./en.json";
import fr from "./fr.json";
import sv from "./sv.json";

export type Key = keyof typeof en;
export type Language = "en" | "fr" | "de" | "sv";
export type Values = Record<string, string | number | undefined>;

export const languages: readonly Language[] = ["en", "fr", "de", "sv"];
/** Each language by its own name. */
export const languageNames: Record<Language, string> = {
  en: "English",
  fr: "Français",
  de: "Deutsch",
  sv: "Svenska",
};

const books: Record<Language, Record<string, string>> = { en, fr, de, sv };
// Dates as the office writes them; English as in Europe.
const locales: Record<Language, string> = { en: "en-GB", fr: "fr-FR", de: "de-DE", sv: "sv-SE" };

let current = $state<Language>("en");

export function language(): Language {
  return current;
}

export function isLanguage(value: string): value is Language {
  return (languages as readonly string[]).includes(value);
}

export function speak(value: string): void {
  current = isLanguage(value) ? value : "en";
  document.documentElement.lang = current;
}

/** The first language of the system that we speak. */
export function systemLanguage(): Language {
  for (const wish of navigator.languages) {
    const short = wish.slice(0, 2);
    if (isLanguage(short)) return short;
  }
  return "en";
}

export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return value === undefined || value === "" ? "–" : String(value);
  });
}

/** The word for a key. */
export function t(key: Key, values: Values = {}): string {
  return fill(books[current][key] ?? en[key], values);
}

/** The word for a code made at run time, if there is one. */
export function lookup(key: string, values: Values = {}): string | undefined {
  const text = books[current][key];
  return text === undefined ? undefined : fill(text, values);
}

/** A text with its `{names}` still in it. */
export function unfilled(key: string): string | undefined {
  return books[current][key];
}

/** The word for a code made at run time, or the code itself. */
export function word(prefix: string, code: string, values: Values = {}): string {
  return lookup(`${prefix}.${code}`, values) ?? code;
}

/** `key.one` or `key.other`, by the language's own rule, with `{n}` put in. */
export function counted(key: string, n: number, values: Values = {}): string {
  const form = new Intl.PluralRules(locales[current]).select(n) === "one" ? "one" : "other";
  return lookup(`${key}.${form}`, { n: number(n), ...values }) ?? `${n}`;
}

export function number(n: number): string {
  return new Intl.NumberFormat(locales[current]).format(n);
}

export function day(ms: number): string {
  return new Intl.DateTimeFormat(locales[current], { day: "numeric", month: "short", year: "numeric" }).format(ms);
}

export function moment(ms: number): string {
  return new Intl.DateTimeFormat(locales[current], {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(ms);
}

export function clock(ms: number): string {
  return new Intl.DateTimeFormat(locales[current], { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(
    ms,
  );
}
