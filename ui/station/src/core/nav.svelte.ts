// Where the window is. Going back loses nothing: places are kept in order.
export type Place =
  | { at: "desk" }
  | { at: "people" }
  | { at: "import" }
  | { at: "person"; id: string; edit?: boolean }
  | { at: "new" }
  | { at: "case"; id: string }
  | { at: "history"; kind: string; id: string; name: string }
  | { at: "house" }
  | { at: "devices" }
  | { at: "encodings" }
  | { at: "encoding"; id: string }
  | { at: "encoding-plan"; id: string }
  | { at: "encoding-compare"; from: string }
  | { at: "encoding-file" }
  | { at: "settings" };

export type Section = "desk" | "people" | "house" | "devices" | "encodings" | "settings";
export const sections: readonly Section[] = ["desk", "people", "house", "devices", "encodings", "settings"];

/** Encodings are for whoever prepares cards, and for whoever says who may. */
export function mayEnter(section: Section, rights: string[]): boolean {
  return section !== "encodings" || rights.includes("issue") || rights.includes("operator.change");
}
export type SheetName = "keys" | "actions" | "bench" | null;

class Nav {
  place = $state.raw<Place>({ at: "desk" });
  sheet = $state<SheetName>(null);
  /** The person that the desk shows, kept while other places are visited. */
  chosen = $state<string | null>(null);
  /** What was typed at the desk. */
  query = $state("");
  #before: Place[] = [];

  go(place: Place): void {
    if (JSON.stringify(place) === JSON.stringify(this.place)) return;
    this.#before.push(this.place);
    this.place = place;
    this.sheet = null;
  }

  /** Instead of where we are: not to be come back to. */
  replace(place: Place): void {
    this.place = place;
  }

  back(): void {
    this.place = this.#before.pop() ?? { at: "desk" };
  }

  home(): void {
    this.#before = [];
    this.place = { at: "desk" };
  }

  reset(): void {
    this.home();
    this.sheet = null;
    this.chosen = null;
    this.query = "";
  }

  section(): Section {
    switch (this.place.at) {
      case "people":
      case "import":
      case "new":
        return "people";
      case "history":
      case "house":
        return "house";
      case "devices":
        return "devices";
      case "encodings":
      case "encoding":
      case "encoding-plan":
      case "encoding-compare":
      case "encoding-file":
        return "encodings";
      case "settings":
        return "settings";
      default:
        return "desk";
    }
  }
}

export const nav = new Nav();
