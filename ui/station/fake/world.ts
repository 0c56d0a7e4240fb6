// A station that is none: it answers the window's commands from memory, so that every screen can be looked at and
// tried without Rust. Used by tests and screenshots only; nothing of it is shipped.
import type { BenchAction } from "../../shared/generated/BenchAction";
import type { BenchCard } from "../../shared/generated/BenchCard";
import type { BenchView } from "../../shared/generated/BenchView";
import type { CardView } from "../../shared/generated/CardView";
import type { CaseView } from "../../shared/generated/CaseView";
import type { DeviceView } from "../../shared/generated/DeviceView";
import type { EntryView } from "../../shared/generated/EntryView";
import type { PersonHit } from "../../shared/generated/PersonHit";
import type { PersonView } from "../../shared/generated/PersonView";
import type { Problem } from "../../shared/generated/Problem";
import type { Status } from "../../shared/generated/Status";
import type { VerdictView } from "../../shared/generated/VerdictView";
import { emptyFields } from "../src/person/fields";
import { back, front, portrait } from "./pictures";

export type Args = Record<string, unknown>;
export const RIGHTS = [
  "issue",
  "void",
  "person.change",
  "operator.change",
  "backup",
  "export",
  "print.file",
  "encoding.change",
];
const SEAL = "7f3a91c2e05d4b16a8d3097c5512fe40b1c9d87726e35f01928374acbd6e1f50";
const ENGLISH_CODE = "K7QM-2VXD-94TR-HN6P-3WJC-8ZFA";

export function problem(code: string, details: Record<string, string> = {}, fault = "operator"): Problem {
  return { code, fault, helps: "same_again", details };
}

function reader(name: string, role: DeviceView["role"], simulated: boolean): DeviceView {
  return {
    id: `reader:${name}`,
    kind: "reader",
    name,
    role,
    state: "ready",
    reasons: [],
    card: null,
    simulated,
    file: null,
  };
}

interface Someone {
  hit: PersonHit;
  values: Record<string, string>;
  cards: CardView[];
}

export class World {
  rehearsal = true;
  status: Status = {
    house: null,
    session: null,
    devices: [],
    cases: [],
    data: { server: false, entries: 0, clock_back: false },
  };
  people: Someone[] = [];
  cases = new Map<string, CaseView>();
  blobs = new Map<string, () => Promise<ArrayBuffer>>();
  cards: BenchCard[] = [];
  jammed = false;
  ribbon = false;
  printed = 0;
  made = 48_820;
  /** How long an exchange takes: 0 in tests. */
  pace = 60;
  lines = 0;
  liftAfter = -1;
  /** Where the writing stands still, for a picture. */
  stopAt = -1;
  emit: (event: string, payload: unknown) => void = () => undefined;

  constructor() {
    this.blobs.set("face", () => portrait(1));
    this.blobs.set("face-far", () => portrait(0.55));
    this.add("Eileen", "Möllerström", "Crane operations", "104 882", "face");
    this.add("Jannik", "Möller", "Contractor, Hafenbau", "700 311", null);
    this.add("Sara", "Molin", "Customs", "104 120", null);
    this.add(
      "Benedikt-Alexander",
      "Freiherr von Trautenberg-Hohenlinden",
      "Instandhaltung und Gebäudetechnik",
      "104 007",
      "face",
    );
    this.add("Åsa", "Lindqvist", "Harbour office", "103 955", "face");
  }

  add(given: string, family: string, unit: string, staff: string, photo: string | null): Someone {
    const id = `p${this.people.length + 1}`;
    const one: Someone = {
      hit: { id, name: `${given} ${family}`, given, family, unit, staff_no: staff, photo, standing: "no_card" },
      values: {
        given_name: given,
        family_name: family,
        display_name: "",
        staff_no: staff,
        unit,
        title: "",
        email: `${given.toLowerCase()}@nordhafen.example`,
      },
      cards: [],
    };
    this.people.push(one);
    return one;
  }

  /** A house that was started before, for tests that begin later. */
  started(rehearsal: boolean, signedIn: boolean): void {
    this.rehearsal = rehearsal;
    const ana = { id: "o1", name: "Ana Berg", login: "ana", rights: [] };
    const jon = { id: "o2", name: "Jon Lund", login: "jon", rights: [] };
    this.status.house = {
      station: "Gate 2",
      rehearsal,
      single_person: false,
      seal: SEAL,
      recovery_confirmed: true,
      backup_proved: !rehearsal,
      operators: [ana, jon],
    };
    this.status.devices = [
      reader("Encoder", "encoder", rehearsal),
      reader("Chip reader", "chip", rehearsal),
      {
        id: "printer:Card printer",
        kind: "printer",
        name: "Card printer",
        role: "print",
        state: "ready",
        reasons: [],
        card: null,
        simulated: rehearsal,
        file: null,
      },
    ];
    const eileen = this.people[0];
    if (eileen) {
      eileen.hit.standing = "active";
      eileen.cards = [
        {
          id: "c1",
          number: "C-0048819",
          state: "active",
          since: Date.UTC(2026, 2, 4),
          why: null,
          credentials: [
            { id: "k1", technology: "desfire", state: "live", certificate: null },
            {
              id: "k2",
              technology: "piv",
              state: "live",
              certificate: { serial: "5f20a911c3", state: "issued", not_after: Date.UTC(2029, 2, 4) },
            },
          ],
        },
        { id: "c0", number: "C-0048790", state: "void", since: Date.UTC(2026, 2, 3), why: "torn", credentials: [] },
      ];
    }
    this.status.data.entries = 214;
    if (signedIn) this.signIn("ana");
  }

  signIn(login: string): void {
    const operator = this.status.house?.operators.find((one) => one.login === login);
    if (!operator) throw problem("keys.password.wrong");
    this.status.session = { operator, rights: RIGHTS, language: this.language(), theme: "system" };
    this.list();
  }

  language(): string {
    return this.status.session?.language ?? localStorage.getItem("language") ?? "en";
  }

  say(): Status {
    const copy = structuredClone(this.status);
    this.emit("status", copy);
    return copy;
  }

  show(view: CaseView): CaseView {
    this.list();
    const copy = structuredClone(view);
    this.emit("case", copy);
    this.say();
    return copy;
  }

  list(): void {
    this.status.cases = this.status.session
      ? [...this.cases.values()]
          .filter((view) => view.state !== "done" && view.state !== "void")
          .map(({ id, person, step, state }) => ({ id, person, step, state }))
      : [];
  }

  someone(id: string): Someone {
    const found = this.people.find((one) => one.hit.id === id);
    if (!found) throw problem("station.missing", { kind: "person" });
    return found;
  }

  view(id: string): PersonView {
    const one = this.someone(id);
    return structuredClone({
      hit: one.hit,
      state: one.hit.standing === "left" ? "left" : "active",
      fields: emptyFields.map((field) => ({ ...field, value: one.values[field.name] ?? "" })),
      cards: one.cards,
      cases: this.status.cases.filter((open) => open.person.id === id),
    });
  }

  fields(id: string): CaseView["fields"] {
    return this.view(id).fields;
  }

  save(id: string | null, fields: Record<string, string>, although: boolean): PersonView {
    for (const { name, required } of emptyFields) {
      if (required && (name in fields || !id) && !fields[name]?.trim())
        throw problem("person.field.missing", { field: name });
    }
    if (!id && !although && this.people.some((one) => one.hit.family === fields.family_name))
      throw problem("person.alike", { names: "Eileen Möllerström", count: "1" });
    const one = id
      ? this.someone(id)
      : this.add(fields.given_name ?? "", fields.family_name ?? "", fields.unit ?? "", fields.staff_no ?? "", null);
    Object.assign(one.values, fields);
    const v = one.values;
    Object.assign(one.hit, {
      given: v.given_name,
      family: v.family_name,
      name: v.display_name || `${v.given_name} ${v.family_name}`,
      unit: v.unit,
      staff_no: v.staff_no,
    });
    this.say();
    return this.view(one.hit.id);
  }

  pictures(view: CaseView): void {
    const { hit } = this.someone(view.person.id);
    const key = `${view.id}-${Date.now()}`;
    this.blobs.set(`f${key}`, () => front([hit.given, hit.family], hit.unit, `No. ${hit.staff_no}`, this.rehearsal));
    this.blobs.set(`b${key}`, () => back(this.rehearsal));
    view.pictures = { front: `f${key}`, back: `b${key}` };
  }

  bench(): BenchView {
    return {
      cards: structuredClone(this.cards),
      readers: this.status.devices.filter((one) => one.kind === "reader").map((one) => one.name),
      printers: [{ name: "Card printer", jammed: this.jammed, ribbon_empty: this.ribbon, printed: this.printed }],
    };
  }

  handle(action: BenchAction): void {
    const device = (name: string) => this.status.devices.find((one) => one.name === name);
    if (action.do === "new_card") {
      const id = this.cards.length + 1;
      const uid = action.kind === "chip" ? "" : `0480${(0xa1b2c3d4 + id).toString(16)}7f`;
      this.cards.push({ id, kind: action.kind, uid, on: null });
    } else if (action.do === "lay") {
      const card = this.cards.find((one) => one.id === action.card);
      const on = device(action.reader);
      if (!card || !on) return;
      card.on = action.reader;
      on.card = {
        technology: card.kind === "chip" ? "piv" : "desfire",
        uid: card.uid,
        standing: card.kind === "foreign" ? "foreign" : "blank",
        card: null,
        person: null,
        case: null,
        problem: null,
        next: card.kind === "foreign" ? [] : ["write" as const],
      };
      this.laid(action.reader);
    } else if (action.do === "lift") {
      for (const card of this.cards) if (card.on === action.reader) card.on = null;
      const from = device(action.reader);
      if (from) from.card = null;
      this.lifted(action.reader);
    } else if (action.do === "lift_after") this.liftAfter = action.exchanges;
    else if (action.do === "jam") this.jammed = action.jammed;
    else if (action.do === "ribbon") this.ribbon = action.empty;
    const printer = device("Card printer");
    if (printer) {
      printer.reasons = this.jammed ? ["media-jam"] : this.ribbon ? ["marker-supply-empty"] : [];
      printer.state = printer.reasons.length > 0 ? "stopped" : "ready";
    }
    this.say();
  }

  laid: (reader: string) => void = () => undefined;
  lifted: (reader: string) => void = () => undefined;

  verdict(holds = true): VerdictView {
    return {
      holds,
      level: "consistent",
      root: SEAL,
      entries: this.status.data.entries,
      faults: holds ? [] : [{ code: "entry.altered", seq: 112 }],
      remarks: [{ code: "clock.backwards", seq: 97 }],
    };
  }

  entries(): EntryView[] {
    const by = [{ name: "Ana Berg", role: "did", kind: "operator" }];
    const at = Date.UTC(2026, 10, 24, 9, 12, 44);
    const hash = (n: number) => (n * 0x9e3779b1).toString(16).padStart(12, "0").repeat(6).slice(0, 64);
    const entry = (seq: number, rest: Partial<EntryView> & { what: string; kind: string }): EntryView => ({
      seq,
      id: "",
      object: rest.kind === "card" ? "C-0048819" : "",
      hash: hash(seq),
      at: at - (214 - seq) * 31_000,
      by,
      state: null,
      why: null,
      step: null,
      fields: [],
      ...rest,
    });
    return [
      entry(214, { what: "card.issued", kind: "card", state: ["printed", "active"] }),
      entry(213, {
        what: "request.identified",
        kind: "request",
        fields: [{ name: "how", value: "passport", blob: null }],
      }),
      entry(212, {
        what: "card.printed",
        kind: "card",
        state: ["encoded", "printed"],
        fields: [{ name: "printer", value: "Card printer", blob: null }],
      }),
      entry(211, { what: "card.encoded", kind: "card", state: ["prepared", "encoded"] }),
      entry(210, {
        what: "card.prepared",
        kind: "card",
        state: ["", "prepared"],
        fields: [
          { name: "number", value: "C-0048819", blob: null },
          { name: "uid", value: "0480A1B2C3D47F", blob: null },
        ],
      }),
      entry(209, {
        what: "photo.accepted",
        kind: "photo",
        state: ["", "accepted"],
        fields: [{ name: "picture", value: "", blob: "face" }],
      }),
      entry(208, {
        what: "person.changed",
        kind: "person",
        fields: [
          { name: "unit", value: "Crane operations", blob: null },
          { name: "email", value: null, blob: null },
        ],
      }),
    ];
  }

  recoveryCode(): string {
    return ENGLISH_CODE;
  }
}
