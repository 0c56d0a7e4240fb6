// How strong a password is, said in a word. Length counts most; what repeats or runs in order counts little.
export type Strength = "short" | "weak" | "fair" | "strong";

export const SHORTEST = 10;

export function strength(password: string): Strength {
  const characters = [...password];
  if (characters.length < SHORTEST) return "short";
  let worth = 0;
  characters.forEach((character, at) => {
    const before = characters[at - 1];
    const step = before === undefined ? Number.NaN : (character.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0);
    worth += Math.abs(step) <= 1 ? 0.3 : characters.indexOf(character) < at ? 0.7 : 1;
  });
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length;
  worth += (kinds - 1) * 1.5;
  return worth < 9 ? "weak" : worth < 14 ? "fair" : "strong";
}
