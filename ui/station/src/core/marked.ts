// Which part of a name answers to what was typed, accents and umlauts passed over: `mol` marks `Möl`.
export interface Part {
  text: string;
  hit: boolean;
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

export function marked(name: string, query: string): Part[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [{ text: name, hit: false }];
  const parts: Part[] = [];
  for (const piece of name.split(/(?<=[\s,-])/)) {
    const found = words.find((word) => plain(piece).startsWith(word));
    if (found === undefined) {
      parts.push({ text: piece, hit: false });
      continue;
    }
    // As many characters of the name as make up the typed ones.
    let taken = 0;
    for (const character of piece) {
      if (plain(piece.slice(0, taken)).length >= found.length) break;
      taken += character.length;
    }
    parts.push({ text: piece.slice(0, taken), hit: true }, { text: piece.slice(taken), hit: false });
  }
  return parts.filter((part) => part.text !== "");
}
