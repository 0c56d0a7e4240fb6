// Lines of progress, parted by application: thirty in a row tell nobody where the writing stands.
import type { Line } from "../../../shared/generated/Line";
import type { Language } from "../../../shared/words/words.svelte";

/** Up to so many are seen at once. */
const FEW = 12;

export interface Group {
  /** What people call the application; empty for the card itself. */
  name: string;
  lines: Line[];
  /** Of all lines together. */
  state: Line["state"];
  /** One line instead of all. */
  folded: boolean;
}

function stateOf(lines: Line[]): Line["state"] {
  if (lines.some((line) => line.state === "failed")) return "failed";
  if (lines.every((line) => line.state === "done")) return "done";
  return lines.every((line) => line.state === "ahead") ? "ahead" : "running";
}

export function groupsOf(lines: Line[], language: Language): Group[] {
  const groups: Group[] = [];
  for (const line of lines) {
    // All applications are made in one session with the card itself.
    const onCard = !line.of || line.code === "encode.application" || line.code === "encode.remove";
    const name = onCard ? "" : (line.of?.[language] ?? "");
    const last = groups.at(-1);
    if (last?.name === name) last.lines.push(line);
    else groups.push({ name, lines: [line], state: "ahead", folded: false });
  }
  for (const group of groups) group.state = stateOf(group.lines);
  const many = lines.length > FEW && groups.length > 1;
  for (const group of groups) group.folded = many && (group.state === "done" || group.state === "ahead");
  return groups;
}
