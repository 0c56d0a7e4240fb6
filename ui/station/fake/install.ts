// Puts the fake station where Tauri's own bridge would be. Loaded into the page by tests and screenshots, before it.
import type { BenchAction } from "../../shared/generated/BenchAction";
import type { EncodingCheck } from "../../shared/generated/EncodingCheck";
import type { EncodingDiff } from "../../shared/generated/EncodingDiff";
import type { EncodingPlan } from "../../shared/generated/EncodingPlan";
import type { EncodingSummary } from "../../shared/generated/EncodingSummary";
import type { EncodingView } from "../../shared/generated/EncodingView";
import type { Problem } from "../../shared/generated/Problem";
import type { StepInput } from "../../shared/generated/StepInput";
import said from "./encodings.json";
import { Flow } from "./flow";
import { problem, World, type Args } from "./world";

/** As the station says it: `crates/station` writes this file and holds itself to it. */
const encodings = said as unknown as {
  list: EncodingSummary[];
  views: Record<string, EncodingView>;
  plans: Record<string, EncodingPlan | { problem: Problem }>;
  diffs: Record<string, EncodingDiff>;
  checks: Record<string, EncodingCheck>;
};
const kindOf = (text: string) => (text.includes("risky") ? "risky" : text.includes("torn") ? "torn" : "wrong");
function missing(kind: string): never {
  throw problem("station.missing", { kind });
}

interface Callback {
  (payload: unknown): void;
}

export function install(): { world: World; flow: Flow } {
  const world = new World();
  const flow = new Flow(world);
  const callbacks = new Map<number, Callback>();
  const listeners = new Map<string, number[]>();
  let next = 1;
  world.emit = (event, payload) => {
    for (const id of listeners.get(event) ?? []) callbacks.get(id)?.({ event, id, payload });
  };

  const commands: Record<string, (args: Args, headers: Record<string, string>) => unknown> = {
    status: () => structuredClone(world.status),
    first_start: ({ start }) => {
      const wish = start as { station: string; rehearsal: boolean; operators: { name: string; login: string }[] };
      world.started(wish.rehearsal, false);
      const house = world.status.house;
      if (house) {
        house.station = wish.station;
        house.single_person = wish.operators.length === 1;
        house.recovery_confirmed = false;
        house.operators = wish.operators.map(({ name, login }, at) => ({ id: `o${at}`, name, login, rights: [] }));
      }
      world.signIn(wish.operators[0]?.login ?? "");
      world.say();
      return { code: world.recoveryCode() };
    },
    recovery_confirm: ({ code }) => {
      if (code !== "" && code !== world.recoveryCode()) throw problem("keys.recovery.typo");
      if (world.status.house) world.status.house.recovery_confirmed = true;
      return world.say();
    },
    sign_in: ({ login, password }) => {
      if (password === "wrong") throw problem("keys.password.wrong");
      world.signIn(String(login));
      return world.say();
    },
    lock: () => {
      world.status.session = null;
      world.list();
      return world.say();
    },
    recover: ({ login }) => {
      world.signIn(String(login));
      return world.say();
    },
    prefer: ({ language, theme }) => {
      if (world.status.session) Object.assign(world.status.session, { language, theme });
      return world.say();
    },
    operators: () => world.status.house?.operators ?? [],
    operator_add: ({ operator }) => {
      const { name, login } = operator as { name: string; login: string };
      world.status.house?.operators.push({ id: `o-${login}`, name, login, rights: [] });
      world.say();
      return structuredClone(world.status.house?.operators);
    },
    operator_remove: ({ id }) => {
      if (world.status.house)
        world.status.house.operators = world.status.house.operators.filter((one) => one.id !== id);
      world.say();
      return structuredClone(world.status.house?.operators);
    },
    operator_right: ({ id, right, give }) => {
      const operator = world.status.house?.operators.find((one) => one.id === id);
      if (operator) {
        operator.rights = operator.rights.filter((one) => one !== right);
        if (give) operator.rights.push(String(right));
      }
      world.say();
      return structuredClone(world.status.house?.operators);
    },
    password_change: () => null,
    search: ({ query, limit }) => {
      const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
      return world.people
        .map((one) => one.hit)
        .filter((hit) =>
          `${hit.family} ${hit.given} ${hit.staff_no}`
            .split(/[\s-]+/)
            .some((word) => plain(word).startsWith(plain(String(query)))),
        )
        .slice(0, Number(limit))
        .map((hit) => structuredClone(hit));
    },
    person: ({ id }) => world.view(String(id)),
    person_save: ({ person }) => {
      const input = person as { id: string | null; fields: Record<string, string>; although_alike: boolean };
      return world.save(input.id, input.fields, input.although_alike);
    },
    import_people: () => ({
      added: 214,
      changed: 3,
      unchanged: 1,
      refused: [
        { line: 7, code: "person.field.missing", details: { field: "family_name" } },
        { line: 19, code: "person.field.long", details: { field: "staff_no", longest: "20" } },
      ],
      ignored: ["phone"],
      refused_csv: "given_name,family_name,staff_no,reason\n",
    }),
    refused_save: () => "/home/ana/Downloads/people-refused.csv",
    blob: async ({ id }) =>
      (await world.blobs.get(String(id))?.()) ?? Promise.reject(problem("station.missing", { kind: "blob" })),
    case_open: ({ person }) => flow.open(String(person)),
    case_view: ({ id }) => structuredClone(flow.view(String(id))),
    case_do: ({ id, input }) => flow.do(String(id), input as StepInput),
    case_photo: (_, headers) => flow.photo(headers.case ?? ""),
    case_bind: ({ id }) => structuredClone(flow.view(String(id))),
    case_void: ({ id }) => flow.void(String(id)),
    card_void: ({ id, reason }) => {
      const one = world.people.find((some) => some.cards.some((card) => card.id === id));
      const card = one?.cards.find((some) => some.id === id);
      if (!one || !card) throw problem("station.missing", { kind: "card" });
      Object.assign(card, { state: "void", why: reason, since: Date.now() });
      one.hit.standing = "no_card";
      world.say();
      return world.view(one.hit.id);
    },
    card_finish: () => ({ number: "C-0048819", deed: "rekeyed", exchanges: 12 }),
    card_roll_back: () => ({ number: "C-0048819", deed: "rolled_back", exchanges: 9 }),
    card_reset: ({ password }) => {
      if (password === "wrong") throw problem("policy.two_people", {}, "policy");
      return { number: "C-0048819", deed: "reset", exchanges: 7 };
    },
    encoding_list: () => structuredClone(encodings.list),
    encoding_view: ({ id }) => structuredClone(encodings.views[String(id)] ?? missing("encoding")),
    encoding_check: (bytes) => structuredClone(encodings.checks[kindOf(new TextDecoder().decode(bytes as never))]),
    encoding_plan: ({ id, card }) => {
      const plan = encodings.plans[`${String(id)} ${String(card)}`] ?? missing("encoding");
      if ("problem" in plan) throw plan.problem;
      return structuredClone(plan);
    },
    encoding_diff: ({ from, to }) =>
      structuredClone(encodings.diffs[`${String(from)} ${String(to)}`] ?? missing("encoding")),
    encoding_add: () => {
      const added = structuredClone(encodings.checks.risky?.view?.summary ?? missing("encoding"));
      encodings.list.push(added);
      const view = encodings.checks.risky?.view;
      if (view) encodings.views[added.id] = view;
      return { encoding: added, new: true, keys_made: added.keys_missing };
    },
    encoding_use: ({ name }) => {
      for (const one of encodings.list) one.in_use = one.name === name;
      for (const view of Object.values(encodings.views)) view.summary.in_use = view.summary.name === name;
      return structuredClone(encodings.list.find((one) => one.in_use));
    },
    history: ({ kind, id }) => ({ kind, id, entries: world.entries(), verdict: world.verdict() }),
    history_recent: () => world.entries(),
    history_verify: () => world.verdict(),
    history_export: () => world.verdict(),
    backup: () => null,
    backup_prove: () => {
      if (world.status.house) world.status.house.backup_proved = true;
      return world.say();
    },
    restore: () => {
      world.started(false, true);
      return world.say();
    },
    device_test: ({ id }) => {
      const device = world.status.devices.find((one) => one.id === id);
      return { ok: true, code: device?.kind === "printer" ? "test.printer.ready" : "test.reader.empty", details: {} };
    },
    device_role: ({ id, role }) => {
      const device = world.status.devices.find((one) => one.id === id);
      if (device) device.role = role as typeof device.role;
      return world.say();
    },
    printer_add: ({ name, uri }) => {
      const folder = /^file:\/\/(.+)/.exec(String(uri))?.[1];
      world.status.devices.push({
        id: `printer:${name}`,
        kind: "printer",
        name: String(name),
        role: null,
        state: "ready",
        reasons: [],
        card: null,
        simulated: false,
        file: folder ? { folder, printed: world.rehearsal ? null : 0 } : null,
      });
      return world.say();
    },
    printer_remove: ({ id }) => {
      world.status.devices = world.status.devices.filter((one) => one.id !== id);
      return world.say();
    },
    bench: () => world.bench(),
    bench_do: ({ action }) => {
      world.handle(action as BenchAction);
      return world.bench();
    },
    "plugin:event|listen": ({ event, handler }) => {
      listeners.set(String(event), [...(listeners.get(String(event)) ?? []), Number(handler)]);
      return Number(handler);
    },
    "plugin:webview|set_webview_zoom": () => null,
  };

  Object.assign(window, {
    __TAURI_INTERNALS__: {
      metadata: { currentWindow: { label: "main" }, currentWebview: { windowLabel: "main", label: "main" } },
      transformCallback: (callback: Callback) => {
        callbacks.set(next, callback);
        return next++;
      },
      unregisterCallback: (id: number) => callbacks.delete(id),
      invoke: async (name: string, args: Args = {}, options?: { headers?: Record<string, string> }) => {
        const command = commands[name];
        if (!command) throw new Error(`no command ${name}`);
        return command(args, options?.headers ?? {});
      },
    },
    __fake: { world, flow },
  });
  return { world, flow };
}
