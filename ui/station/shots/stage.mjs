// A stage for the window in Debian's chromium: the built page, served from memory, with the fake station in Tauri's
// place. Used by the screenshots and by the walk through a whole issue.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build } from "vite";

const ui = fileURLToPath(new URL("../../", import.meta.url));
const dist = join(ui, "dist");
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2" };
// The same policy as in src-tauri/tauri.conf.json, so that what it forbids is seen here.
const CSP = JSON.parse(await readFile(join(ui, "../src-tauri/tauri.conf.json"), "utf8")).app.security.csp;

async function fakeScript() {
  const made = await build({
    configFile: false,
    root: ui,
    logLevel: "silent",
    build: {
      write: false,
      minify: false,
      lib: { entry: join(ui, "station/fake/install.ts"), formats: ["iife"], name: "fakeStation" },
    },
  });
  const [first] = Array.isArray(made) ? made : [made];
  return `${first.output[0].code};window.__install=fakeStation.install;`;
}

export async function openStage() {
  const script = await fakeScript();
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://x").pathname);
    const file = path === "/" ? "/index.html" : path;
    try {
      const bytes = await readFile(join(dist, file));
      response.writeHead(200, {
        "content-type": types[extname(file)] ?? "application/octet-stream",
        "content-security-policy": CSP,
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
    ],
  });

  /** A page whose fake was prepared by `prepare`, which runs in the page. */
  async function page({ language = "en", theme = "light", width = 1280, height = 800, prepare, pace = 60 }) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: "reduce",
    });
    const made = await context.newPage();
    made.on("pageerror", (error) => console.error("page error:", error.message));
    made.on("console", (message) => {
      if (message.type() === "error") console.error("console:", message.text());
    });
    // As text and not as a function made in the page: the page's policy forbids eval, as it should.
    const values = JSON.stringify({ language, pace });
    await made.addInitScript({
      content: `${script};{const values=${values};localStorage.setItem("language",values.language);localStorage.setItem("sounds","off");
        const {world,flow}=window.__install();world.pace=values.pace;${prepare ?? ""}}`,
    });
    await made.goto(url, { waitUntil: "domcontentloaded" });
    await made.waitForSelector("main");
    await made.evaluate(() => document.fonts.ready);
    return made;
  }
  return {
    page,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}
