// A sign-in name made from a person's name: short, plain letters, to be changed at will.
export function loginFrom(name: string): string {
  return (name.trim().split(/\s+/)[0] ?? "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll("ø", "o")
    .replaceAll("æ", "ae")
    .normalize("NFD")
    .replace(/[^a-z0-9]/g, "")
    .slice(0, 20);
}
