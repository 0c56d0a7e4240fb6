// Every screen, and how to come there: `prepare` runs in the page before it starts, `act` plays the operator.
const signedIn = "world.started(false,true);";
const rehearsal = "world.started(true,true);";
const press = (page, ...keys) =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const id = (page, name) => page.locator(`[data-testid="${name}"]`).first();
const at = (page, step, state) =>
  page.waitForSelector(`[data-testid="case"][data-step="${step}"]${state ? `[data-state="${state}"]` : ""}`);

async function find(page, name) {
  await id(page, "search").fill(name);
  await page.waitForSelector(`[data-testid="person-panel"]`);
  await page.waitForTimeout(150);
}
async function toCase(page, name = "Lindq") {
  await find(page, name);
  await press(page, "F2");
  await at(page, "data");
}
async function toPreview(page, name) {
  await toCase(page, name);
  await press(page, "Control+Enter");
  await at(page, "photo");
  await press(page, "Enter");
  await at(page, "preview");
}
async function toCard(page, name) {
  await toPreview(page, name);
  await press(page, "Enter");
  await at(page, "card");
}
const lay = (page, kind, reader) =>
  page.evaluate(
    ([what, where]) => {
      const { world } = window.__fake;
      world.handle({ do: "new_card", kind: what });
      world.handle({ do: "lay", card: world.cards.length, reader: where });
    },
    [kind, reader],
  );
const file = (page, name, text) =>
  id(page, "encoding-input").setInputFiles({ name, mimeType: "application/toml", buffer: Buffer.from(text) });
async function halfWritten(page, standing, next, which) {
  await find(page, "lind");
  await page.evaluate(
    ([stands, steps, own]) => {
      const { world } = window.__fake;
      world.status.devices[0].card = {
        technology: "desfire",
        uid: "0480A1B2C3D47F",
        standing: stands,
        card: { ...world.people[0].cards[0], state: own ? "prepared" : "void" },
        person: world.people[4].hit,
        case: own,
        problem: null,
        next: steps,
      };
      world.say();
    },
    [standing, next, which],
  );
  await id(page, "card-next").waitFor();
}
async function toHandOver(page, name) {
  await toCard(page, name);
  await lay(page, "blank", "Encoder");
  await at(page, "certify");
  await lay(page, "chip", "Chip reader");
  await at(page, "hand_over");
}

export const scenes = {
  "01-first-house": {},
  "02-first-name": { act: async (page) => press(page, "Enter") },
  "03-first-operators": {
    act: async (page) => {
      await press(page, "Enter");
      await id(page, "first-name").fill("Gate 2");
      await press(page, "Enter");
      await id(page, "operator-name-0").fill("Ana Berg");
      await press(page, "Tab", "Tab");
      await page.keyboard.type("kranen vid kajen 7");
    },
  },
  "04-first-recovery": {
    act: async (page) => {
      await scenes["03-first-operators"].act(page);
      await press(page, "Enter");
      await id(page, "recovery-code").waitFor();
    },
  },
  "05-first-typed": {
    act: async (page) => {
      await scenes["04-first-recovery"].act(page);
      await press(page, "Enter");
      await id(page, "recovery-typed").fill("K7QM-2VXD");
      await press(page, "Enter");
    },
  },
  "06-first-restore": { act: async (page) => id(page, "first-restore").click() },
  "10-lock": { prepare: "world.started(false,false);" },
  "13-lock-unnamed": { prepare: "world.started(false,false);world.status.house.operators=[];" },
  "11-lock-wrong": {
    prepare: "world.started(false,false);",
    act: async (page) => {
      await page.keyboard.type("wrong");
      await press(page, "Enter");
    },
  },
  "12-lock-recover": {
    prepare: "world.started(false,false);",
    act: async (page) => id(page, "lock-forgotten").click(),
  },
  "20-desk": { prepare: signedIn, act: (page) => find(page, "möl") },
  "21-desk-nocard": { prepare: rehearsal, act: (page) => find(page, "molin") },
  "22-desk-none": { prepare: signedIn, act: (page) => id(page, "search").fill("xyz") },
  "23-desk-void": {
    prepare: signedIn,
    act: async (page) => {
      await find(page, "möllers");
      await press(page, "F8", "Space");
    },
  },
  "24-desk-waiting": {
    prepare: `${signedIn}flow.open("p5");flow.open("p3");`,
    act: async (page) => {
      await find(page, "lind");
      await page.evaluate(() => {
        const { world } = window.__fake;
        const device = world.status.devices[0];
        device.card = {
          technology: "desfire",
          uid: "0480A1B2C3D47F",
          standing: "ours",
          card: world.people[0].cards[0],
          person: world.people[0].hit,
          case: null,
          problem: null,
          next: [],
        };
        world.say();
      });
    },
  },
  "26-desk-half-written": {
    prepare: `${signedIn}flow.open("p5");`,
    act: (page) => halfWritten(page, "half_written", ["finish"], "case1"),
  },
  "27-desk-reset": {
    prepare: signedIn,
    act: async (page) => {
      await halfWritten(page, "unproven", ["reset"], null);
      await press(page, "Control+r");
      await id(page, "two-people").waitFor();
    },
  },
  "25-desk-long": { prepare: rehearsal, act: (page) => find(page, "freiherr") },
  "30-case-data": { prepare: rehearsal, act: (page) => toCase(page, "Lindq") },
  "31-case-data-wrong": {
    prepare: rehearsal,
    act: async (page) => {
      await toCase(page, "Lindq");
      await id(page, "field-staff_no").fill("");
      await press(page, "Enter");
    },
  },
  "32-photo-empty": {
    prepare: rehearsal,
    act: async (page) => {
      await toCase(page, "Molin");
      await press(page, "Control+Enter");
      await at(page, "photo");
    },
  },
  "33-photo-onfile": {
    prepare: rehearsal,
    act: async (page) => {
      await toCase(page, "Lindq");
      await press(page, "Control+Enter");
      await at(page, "photo");
    },
  },
  "34-camera": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["32-photo-empty"].act(page);
      await press(page, "F7");
      await page.waitForSelector('[data-seeing="true"]');
    },
  },
  "35-framing": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["34-camera"].act(page);
      await press(page, "Enter");
      await id(page, "photo-frame").waitFor();
    },
  },
  "36-framing-hint": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["35-framing"].act(page);
      await press(page, "PageDown", "PageDown", "PageDown");
      await id(page, "photo-hints").waitFor();
    },
  },
  "40-preview": { prepare: rehearsal, act: (page) => toPreview(page, "Lindq") },
  "41-card-wait": { prepare: rehearsal, act: (page) => toCard(page, "Lindq") },
  "42-card-foreign": {
    prepare: signedIn,
    act: async (page) => {
      await toCard(page, "Lindq");
      await lay(page, "foreign", "Encoder");
    },
  },
  "43-encode": {
    prepare: rehearsal,
    act: async (page) => {
      await toCard(page, "Lindq");
      await page.evaluate(() => (window.__fake.world.stopAt = 9));
      await lay(page, "blank", "Encoder");
      await page.waitForSelector('[data-done="9"]');
    },
  },
  "43-encode-long": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["43-encode"].act(page);
      await page.evaluate(() => {
        const { world, flow } = window.__fake;
        const view = flow.view("case1");
        const names = [
          { en: "Doors", fr: "Portes", de: "Türen", sv: "Dörrar" },
          { en: "Canteen", fr: "Cantine", de: "Kantine", sv: "Matsal" },
          { en: "Printers", fr: "Imprimantes", de: "Drucker", sv: "Skrivare" },
        ];
        const line = (code, of, number) => ({
          code: `encode.${code}`,
          details: number === undefined ? {} : { number },
          of: of ?? null,
          state: "ahead",
          took_ms: null,
        });
        view.lines = [
          line("master_key"),
          line("default_key"),
          line("card_settings"),
          ...names.map((of) => line("application", of)),
          ...names.flatMap((of) => [
            line("key", of, "1"),
            line("file", of, "1"),
            line("write", of, "1"),
            line("key", of, "0"),
          ]),
          ...names.map((of) => line("read_back", of, "1")),
        ].map((one, at) =>
          at < 12 ? { ...one, state: "done", took_ms: 90 + at } : at === 12 ? { ...one, state: "running" } : one,
        );
        view.exchanges = { done: 27, total: 47 };
        world.show(view);
      });
      await page.waitForSelector('[data-done="27"]');
    },
  },
  "43-tag": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["43-encode"].act(page);
      await page.evaluate(() => {
        const { world, flow } = window.__fake;
        const view = flow.view("case1");
        const details = { chip: "T5577", number: "0000041207" };
        view.lines = [
          ...view.lines.map((one) => ({ ...one, state: "done", took_ms: one.took_ms ?? 120 })),
          { code: "encode.tag", details, of: null, state: "ahead", took_ms: null },
          { code: "encode.tag_heard", details, of: null, state: "ahead", took_ms: null },
        ];
        view.exchanges = { done: 19, total: 19 };
        view.state = "waiting_for_card";
        view.tag = true;
        world.show(view);
      });
      await page.waitForSelector('[data-done="19"]');
    },
  },
  "44-torn": {
    prepare: signedIn,
    act: async (page) => {
      await toCard(page, "Lindq");
      await page.evaluate(() => (window.__fake.world.liftAfter = 8));
      await lay(page, "blank", "Encoder");
      await at(page, "encode", "stopped");
    },
  },
  "45-void": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["44-torn"].act(page);
      await press(page, "F8");
      await id(page, "void-panel").waitFor();
    },
  },
  "46-voided": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["45-void"].act(page);
      await id(page, "void-reason-torn").click();
      await press(page, "Control+Enter");
      await id(page, "case-ended").waitFor();
    },
  },
  "47-certify-wait": {
    prepare: rehearsal,
    act: async (page) => {
      await toCard(page, "Lindq");
      await lay(page, "blank", "Encoder");
      await at(page, "certify");
    },
  },
  "48-print": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["47-certify-wait"].act(page);
      await lay(page, "chip", "Chip reader");
      await at(page, "print");
    },
  },
  "49-print-jam": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["48-print"].act(page);
      await page.evaluate(() => window.__fake.world.handle({ do: "jam", printer: "Card printer", jammed: true }));
      await at(page, "print", "stopped");
    },
  },
  "49-print-reason": {
    prepare: `${signedIn}Object.assign(world.status.devices[2],{state:"ready",file:{folder:"/srv/badges",printed:3}});`,
    act: async (page) => {
      await toCard(page, "Lindq");
      await lay(page, "blank", "Encoder");
      await at(page, "certify");
      await lay(page, "chip", "Chip reader");
      await id(page, "print-reason").waitFor();
    },
  },
  "49-print-folder": {
    prepare: `${signedIn}Object.assign(world.status.devices[2],{state:"ready",file:{folder:"/srv/badges",printed:3}});`,
    act: (page) => press(page, "Control+4"),
  },
  "50-handover": { prepare: rehearsal, act: (page) => toHandOver(page, "Lindq") },
  "51-handover-pin": {
    prepare: rehearsal,
    act: async (page) => {
      await toHandOver(page, "Lindq");
      await id(page, "identified-passport").click();
      await press(page, "Enter");
      await id(page, "pin").waitFor();
    },
  },
  "52-done": {
    prepare: rehearsal,
    act: async (page) => {
      await scenes["51-handover-pin"].act(page);
      await press(page, "Enter");
      await id(page, "case-ended").waitFor();
    },
  },
  "53-bench": {
    prepare: rehearsal,
    act: async (page) => {
      await toCard(page, "Lindq");
      await press(page, "Control+b");
      await id(page, "bench-new").click();
      await page.waitForTimeout(100);
    },
  },
  "60-person": {
    prepare: signedIn,
    act: async (page) => {
      await find(page, "möllers");
      await press(page, "Enter");
      await id(page, "person-data").waitFor();
    },
  },
  "61-person-edit": {
    prepare: signedIn,
    act: async (page) => {
      await find(page, "möllers");
      await press(page, "Control+e");
      await id(page, "field-unit").waitFor();
    },
  },
  "62-person-undo": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["61-person-edit"].act(page);
      await id(page, "field-unit").fill("Harbour office");
      await press(page, "Enter");
      await id(page, "undo").waitFor();
    },
  },
  "63-person-new": {
    prepare: signedIn,
    act: async (page) => {
      await press(page, "Control+n");
      await id(page, "field-given_name").fill("Eileen");
      await id(page, "field-family_name").fill("Möllerström");
      await id(page, "field-staff_no").fill("1");
      await press(page, "Enter");
      await page.waitForSelector('[data-testid="person-add-although"]');
    },
  },
  "64-people": {
    prepare: signedIn,
    act: async (page) => {
      await press(page, "Control+2");
      await page.waitForSelector("#people li");
    },
  },
  "65-import": {
    prepare: signedIn,
    act: async (page) => {
      await press(page, "Control+2");
      await press(page, "Control+i");
      await id(page, "import-input").setInputFiles({
        name: "people.csv",
        mimeType: "text/csv",
        buffer: Buffer.from("a"),
      });
      await id(page, "import-report").waitFor();
    },
  },
  "70-history": {
    prepare: signedIn,
    act: async (page) => {
      await find(page, "möllers");
      await press(page, "F9");
      await id(page, "entries").waitFor();
    },
  },
  "71-house": {
    prepare: signedIn,
    act: async (page) => {
      await press(page, "Control+3");
      await id(page, "verdict").waitFor();
      await id(page, "export-openings-with").click();
    },
  },
  "72-house-broken": {
    prepare: `${signedIn}const v=world.verdict.bind(world);world.verdict=()=>v(false);`,
    act: async (page) => {
      await press(page, "Control+3");
      await id(page, "verdict").waitFor();
    },
  },
  "80-devices": {
    prepare: rehearsal,
    act: async (page) => {
      await press(page, "Control+4");
      await page.locator('[data-testid^="test-"]').first().click();
      await page.waitForTimeout(100);
    },
  },
  "81-devices-none": {
    prepare: `${signedIn}world.status.devices=[];`,
    act: async (page) => {
      await press(page, "Control+4");
    },
  },
  "83-encodings": {
    prepare: signedIn,
    act: async (page) => {
      await press(page, "Control+5");
      await id(page, "encodings").waitFor();
    },
  },
  "84-encoding": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["83-encodings"].act(page);
      await press(page, "ArrowDown", "Enter");
      await page.waitForSelector('[data-testid="encoding"][data-id="three-applications@1"]');
    },
  },
  "84-encoding-below": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["84-encoding"].act(page);
      await id(page, "card-plate").scrollIntoViewIfNeeded();
      await page.locator('[data-testid="findings"] li').last().click();
    },
  },
  "84-encoding-chip": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["83-encodings"].act(page);
      await press(page, "ArrowUp", "ArrowUp", "ArrowUp", "Enter");
      await page.waitForSelector('[data-testid="encoding"][data-id="desfire-em@1"]');
    },
  },
  "85-encoding-plan": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["84-encoding"].act(page);
      await press(page, "Enter");
      await id(page, "plan-steps").waitFor();
    },
  },
  "85-encoding-plan-refused": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["85-encoding-plan"].act(page);
      await id(page, "plan-family-ev1").click();
      await id(page, "alert").waitFor();
    },
  },
  "86-encoding-compare": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["84-encoding"].act(page);
      await press(page, "Control+d");
      await id(page, "diff").waitFor();
      await id(page, "compare-to-desfire-em@1").click();
      await page.waitForTimeout(100);
    },
  },
  "87-encoding-wrong": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["83-encodings"].act(page);
      await file(page, "doors.toml", "wrong");
      await id(page, "encoding-wrong").waitFor();
    },
  },
  "87-encoding-risky": {
    prepare: signedIn,
    act: async (page) => {
      await scenes["83-encodings"].act(page);
      await file(page, "canteen.toml", "risky");
      await id(page, "encoding").waitFor();
    },
  },
  "82-settings": {
    prepare: signedIn,
    act: async (page) => {
      await press(page, "Control+6");
      await id(page, "operator").waitFor();
    },
  },
  "90-keys": {
    prepare: signedIn,
    act: async (page) => {
      await find(page, "möllers");
      await press(page, "F1");
    },
  },
  "91-actions": {
    prepare: signedIn,
    act: async (page) => {
      await find(page, "möllers");
      await press(page, "Control+j");
    },
  },
};
