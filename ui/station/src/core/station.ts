// The commands of the station, typed. The window never asks twice for what an event brings.
import { invoke } from "@tauri-apps/api/core";
import type { BenchAction } from "../../../shared/generated/BenchAction";
import type { BenchView } from "../../../shared/generated/BenchView";
import type { CardDone } from "../../../shared/generated/CardDone";
import type { CardOnReader } from "../../../shared/generated/CardOnReader";
import type { CaseView } from "../../../shared/generated/CaseView";
import type { DeviceRole } from "../../../shared/generated/DeviceRole";
import type { CardFamily } from "../../../shared/generated/CardFamily";
import type { EncodingAdded } from "../../../shared/generated/EncodingAdded";
import type { EncodingHit } from "../../../shared/generated/EncodingHit";
import type { EncodingCheck } from "../../../shared/generated/EncodingCheck";
import type { EncodingDiff } from "../../../shared/generated/EncodingDiff";
import type { EncodingPlan } from "../../../shared/generated/EncodingPlan";
import type { EncodingSummary } from "../../../shared/generated/EncodingSummary";
import type { EncodingView } from "../../../shared/generated/EncodingView";
import type { EntryView } from "../../../shared/generated/EntryView";
import type { FirstStart } from "../../../shared/generated/FirstStart";
import type { HistoryView } from "../../../shared/generated/HistoryView";
import type { ImportReport } from "../../../shared/generated/ImportReport";
import type { NewOperator } from "../../../shared/generated/NewOperator";
import type { OperatorView } from "../../../shared/generated/OperatorView";
import type { PersonHit } from "../../../shared/generated/PersonHit";
import type { PersonInput } from "../../../shared/generated/PersonInput";
import type { PersonView } from "../../../shared/generated/PersonView";
import type { Problem } from "../../../shared/generated/Problem";
import type { Recovery } from "../../../shared/generated/Recovery";
import type { Status } from "../../../shared/generated/Status";
import type { StepInput } from "../../../shared/generated/StepInput";
import type { TestReport } from "../../../shared/generated/TestReport";
import type { Theme } from "../../../shared/generated/Theme";
import type { VerdictView } from "../../../shared/generated/VerdictView";
import { ask } from "./order";

/** Why the card of a case is declared void. */
export const caseVoidReasons = ["mistake", "wrong_person", "damaged", "spoiled", "torn", "print_failed"] as const;
/** Why a card that is out is declared void. */
export const cardVoidReasons = ["lost", "damaged", "mistake", "wrong_person"] as const;
export type VoidReason = (typeof caseVoidReasons)[number] | (typeof cardVoidReasons)[number];

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "details" in value;
}

/** Whatever was thrown, as a problem with words. */
export function asProblem(thrown: unknown): Problem {
  if (isProblem(thrown)) return thrown;
  return { code: "window.failed", fault: "us", helps: "same_again", details: { what: String(thrown).slice(0, 200) } };
}

export const station = {
  status: () => ask<Status>("status"),
  firstStart: (start: FirstStart) => invoke<Recovery>("first_start", { start }),
  recoveryConfirm: (code: string) => ask<Status>("recovery_confirm", { code }),
  signIn: (login: string, password: string) => ask<Status>("sign_in", { login, password }),
  lock: () => ask<Status>("lock"),
  recover: (code: string, login: string, password: string) => ask<Status>("recover", { code, login, password }),
  prefer: (language: string, theme: Theme) => ask<Status>("prefer", { language, theme }),
  operators: () => invoke<OperatorView[]>("operators"),
  operatorAdd: (operator: NewOperator) => invoke<OperatorView[]>("operator_add", { operator }),
  operatorRemove: (id: string) => invoke<OperatorView[]>("operator_remove", { id }),
  operatorRight: (id: string, right: string, give: boolean) =>
    invoke<OperatorView[]>("operator_right", { id, right, give }),
  passwordChange: (old: string, next: string) => invoke<null>("password_change", { old, new: next }),
  search: (query: string, limit: number) => invoke<PersonHit[]>("search", { query, limit }),
  person: (id: string) => invoke<PersonView>("person", { id }),
  personSave: (person: PersonInput) => invoke<PersonView>("person_save", { person }),
  importPeople: (bytes: Uint8Array) => invoke<ImportReport>("import_people", bytes),
  refusedSave: (name: string, csv: string, reasons: string[]) => invoke<string>("refused_save", { name, csv, reasons }),
  blob: (id: string) => invoke<ArrayBuffer>("blob", { id }),
  caseOpen: (person: string) => ask<CaseView>("case_open", { person }),
  caseView: (id: string) => ask<CaseView>("case_view", { id }),
  caseDo: (id: string, input: StepInput) => ask<CaseView>("case_do", { id, input }),
  // Bytes go as they are, not as a list of numbers: a camera picture has millions.
  casePhoto: (id: string, bytes: Uint8Array) => ask<CaseView>("case_photo", bytes, { headers: { case: id } }),
  caseBind: (id: string) => ask<CaseView>("case_bind", { id }),
  caseVoid: (id: string, reason: VoidReason) => ask<CaseView>("case_void", { id, reason }),
  cardVoid: (id: string, reason: VoidReason) => invoke<PersonView>("card_void", { id, reason }),
  cardRead: (reader: string) => invoke<CardOnReader>("card_read", { reader }),
  encodingList: () => invoke<EncodingSummary[]>("encoding_list"),
  encodingView: (id: string) => invoke<EncodingView>("encoding_view", { id }),
  encodingCheck: (bytes: Uint8Array) => invoke<EncodingCheck>("encoding_check", bytes),
  encodingPlan: (id: string, person: string | null, card: CardFamily) =>
    invoke<EncodingPlan>("encoding_plan", { id, person, card }),
  encodingDiff: (from: string, to: string) => invoke<EncodingDiff>("encoding_diff", { from, to }),
  encodingAdd: (text: string, makeKeys: boolean) => invoke<EncodingAdded>("encoding_add", { text, makeKeys }),
  encodingUse: (name: string) => invoke<EncodingHit>("encoding_use", { name }),
  cardFinish: (reader: string) => invoke<CardDone>("card_finish", { reader }),
  cardRollBack: (reader: string) => invoke<CardDone>("card_roll_back", { reader }),
  cardReset: (reader: string, login: string, password: string) =>
    invoke<CardDone>("card_reset", { reader, login, password }),
  history: (kind: string, id: string) => invoke<HistoryView>("history", { kind, id }),
  historyRecent: () => invoke<EntryView[]>("history_recent"),
  historyVerify: () => invoke<VerdictView>("history_verify"),
  historyExport: (path: string, openings: boolean) => invoke<VerdictView>("history_export", { path, openings }),
  backup: (path: string) => invoke<null>("backup", { path }),
  backupProve: (path: string, password: string) => ask<Status>("backup_prove", { path, password }),
  restore: (path: string, password: string, login: string) => ask<Status>("restore", { path, password, login }),
  deviceTest: (id: string) => invoke<TestReport>("device_test", { id }),
  deviceRole: (id: string, role: DeviceRole | null) => ask<Status>("device_role", { id, role }),
  printerAdd: (name: string, uri: string) => ask<Status>("printer_add", { name, uri }),
  printerRemove: (id: string) => ask<Status>("printer_remove", { id }),
  bench: () => invoke<BenchView>("bench"),
  benchDo: (action: BenchAction) => invoke<BenchView>("bench_do", { action }),
};
