import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The desktop's page. `dist` is embedded into the binary by src-tauri, so nothing in it may point outside.
export default defineConfig({
  root: "station",
  plugins: [svelte({ configFile: "../svelte.config.js" })],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "safari17",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
