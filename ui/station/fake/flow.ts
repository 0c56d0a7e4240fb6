// The fake issue: what the real workflow does, step by step, with time in it.
import type { CaseView } from "../../shared/generated/CaseView";
import type { Line } from "../../shared/generated/Line";
import type { StepInput } from "../../shared/generated/StepInput";
import { problem, type World } from "./world";

const order = ["data", "photo", "preview", "card", "encode", "certify", "print", "hand_over"];
const names: Record<string, [string, string, string, string]> = {
  data: ["Details", "Données", "Daten", "Uppgifter"],
  photo: ["Photo", "Photo", "Foto", "Foto"],
  preview: ["Preview", "Aperçu", "Vorschau", "Förhandsvisning"],
  card: ["Card", "Carte", "Karte", "Kort"],
  encode: ["Write", "Écrire", "Schreiben", "Skriv"],
  certify: ["Key on the chip", "Clé sur la puce", "Schlüssel auf dem Chip", "Nyckel på chipet"],
  print: ["Print", "Imprimer", "Drucken", "Skriv ut"],
  hand_over: ["Hand over", "Remettre", "Aushändigen", "Lämna ut"],
};
const notes: Record<string, string> = {
  data: "step.note.data",
  photo: "step.note.photo",
  preview: "step.note.preview",
  card: "step.note.card",
  encode: "step.note.encode",
  certify: "step.note.certify",
  print: "step.note.print",
  hand_over: "step.note.hand_over",
};
const encodeLines = ["master_key", "application", "key", "file", "write", "read_back"];
const chipLines = ["look", "management", "secrets", "key", "certificate", "identity", "read_back", "defaults"];
const TOTAL = 19;

export class Flow {
  /** The cases whose card may go into a file. */
  private reasoned = new Set<string>();

  constructor(private world: World) {
    world.laid = (reader) => this.laid(reader);
    world.lifted = (reader) => this.lifted(reader);
  }

  open(person: string): CaseView {
    const { hit } = this.world.someone(person);
    const view: CaseView = {
      id: `case${this.world.cases.size + 1}`,
      person: hit,
      workflow: { en: "Issue a badge", fr: "Délivrer un badge", de: "Ausweis ausstellen", sv: "Utfärda passerkort" },
      steps: [],
      step: "data",
      state: "waiting",
      problem: null,
      fields: this.world.fields(person),
      photo: null,
      pictures: null,
      card: null,
      tag: false,
      exchanges: null,
      lines: [],
      chip: [],
      hand_over: null,
      actions: ["main", "void"],
    };
    hit.standing = "in_progress";
    this.world.cases.set(view.id, view);
    return this.at(view, "data");
  }

  view(id: string): CaseView {
    const view = this.world.cases.get(id);
    if (!view) throw problem("station.missing", { kind: "case" });
    return view;
  }

  at(view: CaseView, step: string): CaseView {
    const here = order.indexOf(step);
    view.step = step;
    view.state = "waiting";
    view.problem = null;
    view.lines = [];
    view.exchanges = null;
    view.fields = step === "data" ? this.world.fields(view.person.id) : [];
    view.steps = order.map((kind, own) => {
      const [en, fr, de, sv] = names[kind] ?? ["", "", "", ""];
      return {
        id: kind,
        kind,
        name: { en, fr, de, sv },
        state: own < here ? "done" : own === here ? "current" : "ahead",
        note: own < here ? (notes[kind] ?? "") : "",
      };
    });
    view.actions = ["main", "void", ...(step === "photo" || step === "preview" ? ["back"] : [])];
    if (step === "card") {
      view.state = "waiting_for_card";
      view.card = { id: "c9", number: `C-00${(this.world.made += 1)}`, uid: "", on: null };
      view.chip = [
        { code: "chip.number", value: view.card.number },
        { code: "chip.facility", value: "114" },
        { code: "chip.certificate", value: "" },
      ];
      this.laid("Encoder");
    }
    return this.world.show(view);
  }

  do(id: string, input: StepInput): CaseView {
    const view = this.view(id);
    switch (input.do) {
      case "confirm_data":
        this.world.save(view.person.id, input.fields as Record<string, string>, true);
        return this.at(view, "photo");
      case "adjust_photo":
        if (view.photo) view.photo = { ...view.photo, adjust: input.adjust, hints: this.hints(input.adjust.zoom) };
        return this.world.show(view);
      case "accept_photo":
        view.person.photo = "face";
        view.photo = null;
        this.world.pictures(view);
        return this.at(view, "preview");
      case "keep_photo":
        this.world.pictures(view);
        return this.at(view, "preview");
      case "accept_preview":
        return this.at(view, "card");
      case "print_to_file":
        this.reasoned.add(view.id);
        return this.run(view);
      case "retry":
        return this.run(view);
      case "back":
        return this.at(view, order[Math.max(0, order.indexOf(view.step) - 1)] ?? "data");
      case "identify":
        view.hand_over = { ready: true, pin: "528 194" };
        return this.world.show(view);
      case "given": {
        const one = this.world.someone(view.person.id);
        one.hit.standing = "active";
        one.cards.unshift({
          id: view.id,
          number: view.card?.number ?? "",
          state: "active",
          since: Date.now(),
          why: null,
          credentials: [{ id: "k", technology: "desfire", state: "live", certificate: null }],
        });
        view.steps = view.steps.map((step) => ({ ...step, state: "done", note: notes[step.kind] ?? "" }));
        view.state = "done";
        view.step = "";
        view.hand_over = null;
        view.actions = [];
        return this.world.show(view);
      }
    }
  }

  photo(id: string): CaseView {
    const view = this.view(id);
    view.photo = { framed: "face", adjust: { dx: 0, dy: 0, zoom: 1, turn_degrees: 0 }, hints: [] };
    return this.world.show(view);
  }

  hints(zoom: number) {
    return zoom < 0.9 ? [{ code: "photo.face.small", details: { percent: "38", needed: "60" } }] : [];
  }

  void(id: string): CaseView {
    const view = this.view(id);
    this.world.someone(view.person.id).hit.standing = "no_card";
    view.state = "void";
    view.problem = null;
    view.actions = [];
    return this.world.show(view);
  }

  /** Starts, or goes on with, what the station does by itself. */
  run(view: CaseView): CaseView {
    const chip = view.step === "certify";
    view.problem = null;
    view.state = "running";
    view.actions = ["void"];
    if (view.step === "print") {
      view.lines = ["sending", "accepted", "printing"].map((code, at): Line => ({
        code: `print.${code}`,
        details: {},
        of: null,
        state: at === 0 ? "done" : at === 1 ? "running" : "ahead",
        took_ms: at === 0 ? 240 : null,
      }));
      setTimeout(() => this.printed(view), this.world.pace * 20);
    } else {
      view.exchanges ??= { done: 0, total: TOTAL };
      this.lines(view, chip ? "certify" : "encode", chip ? chipLines : encodeLines);
      setTimeout(() => this.tick(view), this.world.pace);
    }
    return this.world.show(view);
  }

  lines(view: CaseView, prefix: string, codes: string[]): void {
    const done = view.exchanges?.done ?? 0;
    const now = Math.floor((done / TOTAL) * codes.length);
    view.lines = codes.map((code, at): Line => ({
      code: `${prefix}.${code}`,
      details: code === "key" ? { number: "2" } : code === "file" ? { number: "1" } : {},
      of: null,
      state: at < now ? "done" : at === now ? "running" : "ahead",
      took_ms: at < now ? 80 + at * 37 : null,
    }));
  }

  tick(view: CaseView): void {
    if (view.state !== "running" || !view.exchanges) return;
    if (view.exchanges.done === this.world.stopAt) return;
    if (this.world.liftAfter === 0) {
      this.world.liftAfter = -1;
      this.world.handle({ do: "lift", reader: view.step === "certify" ? "Chip reader" : "Encoder" });
      return;
    }
    if (this.world.liftAfter > 0) this.world.liftAfter -= 1;
    view.exchanges.done += 1;
    const chip = view.step === "certify";
    this.lines(view, chip ? "certify" : "encode", chip ? chipLines : encodeLines);
    if (view.exchanges.done >= TOTAL) {
      if (chip) view.chip = view.chip.map((fact) => (fact.value ? fact : { ...fact, value: "5F20A911C3" }));
      this.at(view, chip ? "print" : "certify");
      if (chip) this.run(view);
      else {
        view.state = "waiting_for_card";
        view.actions = ["void"];
        this.world.show(view);
        this.laid("Chip reader");
      }
      return;
    }
    this.world.show(view);
    setTimeout(() => this.tick(view), this.world.pace);
  }

  printed(view: CaseView): void {
    if (view.step !== "print" || view.state !== "running") return;
    if (this.world.status.devices.some((one) => one.file?.printed != null) && !this.reasoned.has(view.id)) {
      view.state = "stopped";
      view.problem = problem("policy.print.reason", {}, "operator");
      view.actions = ["void"];
      this.world.show(view);
      return;
    }
    if (this.world.jammed || this.world.ribbon) {
      view.state = "stopped";
      view.problem = problem(
        "printer.failed",
        { reasons: this.world.jammed ? "media-jam" : "marker-supply-empty" },
        "device",
      );
      view.actions = ["retry", "void"];
      this.world.show(view);
      return;
    }
    this.world.printed += 1;
    this.at(view, "hand_over");
    view.hand_over = { ready: false, pin: null };
    this.world.show(view);
  }

  current(): CaseView | undefined {
    return [...this.world.cases.values()].find((view) => view.state !== "done" && view.state !== "void");
  }

  laid(reader: string): void {
    const view = this.current();
    const card = this.world.status.devices.find((one) => one.name === reader)?.card;
    if (!view || !card) return;
    const wants = view.step === "certify" ? "Chip reader" : "Encoder";
    if (reader !== wants) return;
    if (card.standing === "foreign" && view.step === "card") {
      view.problem = problem("card.auth.foreign", {}, "card");
      this.world.show(view);
      return;
    }
    card.person = view.person;
    card.case = view.id;
    card.standing = "half_written";
    card.next = ["finish"];
    if (view.step === "card") {
      if (view.card) view.card.uid = card.uid;
      this.at(view, "encode");
      this.run(view);
    } else if (view.state === "waiting_for_card" || view.state === "stopped") this.run(view);
  }

  lifted(reader: string): void {
    const view = this.current();
    if (!view || view.state !== "running" || (reader === "Encoder") !== (view.step === "encode")) return;
    view.state = "stopped";
    view.problem = problem("card.removed.writing", { step: "key", at: "5", of: "12" });
    view.lines = view.lines.map((line) => (line.state === "running" ? { ...line, state: "failed" } : line));
    view.actions = ["void"];
    this.world.show(view);
  }
}
