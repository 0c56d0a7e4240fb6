// What differs between two encodings, in words. The station says it as short codes that are the same in every language.
import type { EncodingView } from "../../../shared/generated/EncodingView";
import { counted, lookup, number, t } from "../../../shared/words/words.svelte";
import { madeOf, who } from "./spots";

/** A key and what a card's own is made of: `doors-reader by uid, aid, system "x"`. */
function key(text: string): string {
  if (text === "as delivered") return t("encoding.as_delivered");
  const [name = "", parts] = text.split(" by ");
  const made = parts ? parts.split(", ").map((part) => part.split(" ")[0] ?? "") : [];
  return `${name} (${madeOf(made)})`;
}

/** The settings byte of a card or an application (master key changeable 0x01, lists 0x02, makes 0x04, changeable 0x08). */
function settings(text: string): string {
  const bits = Number.parseInt(text, 16);
  const said = [
    bits & 2 ? t("encoding.app.list_free") : "",
    bits & 4 ? t("encoding.app.create_free") : "",
    bits & 8 ? "" : t("encoding.app.frozen"),
    bits >> 4 === 14 ? t("encoding.app.keys_themselves") : "",
  ].filter(Boolean);
  return said.length > 0 ? said.join(", ") : t("encoding.settings.closed");
}

/** `read key 1, write key 0, read_write never, change key 0`. */
function rights(text: string): string {
  return text
    .split(", ")
    .flatMap((part) => {
      const [right = "", ...rest] = part.split(" ");
      const by = rest.join(" ");
      if (right === "read_write" && by === "never") return [];
      const number_ = /^key (\d+)$/.exec(by)?.[1];
      const whose = number_ ? t("encoding.key.nth", { n: number_ }) : who(by);
      return [`${lookup(`encoding.${right}`) ?? right}: ${whose}`];
    })
    .join(", ");
}

const counts = (text: string) =>
  text
    .replace(/(\d+) keys/, (_, n: string) => counted("encoding.count.keys", Number(n)))
    .replace(/(\d+) files/, (_, n: string) => counted("encoding.count.files", Number(n)))
    .replace(/(\d+) bytes/, (_, n: string) => t("encoding.bytes", { n: number(Number(n)) }))
    .replace(/^standard, /, "")
    .replace(/^(backup|value|linear|cyclic|transaction_mac)/, (kind) => lookup(`encoding.file.${kind}`) ?? kind)
    .replace("limited_credit", t("encoding.limited_credit"))
    .replace(/free$/, t("encoding.value.free"));

/** As it is or will be; a dash for what is not there. */
export function valueWords(what: string, value: string | null, view: EncodingView | null): string {
  if (value === null) return "–";
  switch (what) {
    case "family":
      return `DESFire ${value.toUpperCase()}`;
    case "free_bytes":
    case "memory":
      return t("encoding.bytes", { n: number(Number(value)) });
    case "key":
    case "default_key":
      return key(value);
    case "settings":
      return settings(value);
    case "mode":
      return lookup(`encoding.mode.${value}`) ?? value;
    case "rights":
      return rights(value);
    case "random_uid":
    case "format_off":
    case "only_ev2":
      return lookup(`value.${value}`) ?? value;
    case "application":
    case "file":
    case "shape":
      return counts(value);
    case "chip":
      return view && view.chips.length > 0
        ? view.chips
            .map(
              (chip) =>
                `${chip.kind.toUpperCase()}: ${lookup(`encoding.answers.${chip.answers_as}`) ?? chip.answers_as}`,
            )
            .join(", ")
        : "–";
    default:
      return value === "" ? "–" : value;
  }
}
