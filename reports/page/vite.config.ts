import { defineConfig, type Plugin } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

// The script goes behind the index and before the blocks, and runs where it stands: a module would wait until all blocks are read.
const inPlace: Plugin = {
  name: "in-place",
  enforce: "post",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".html")) continue;
        const html = String(file.source);
        const script = /<script type="module"[^>]*>([\s\S]*?)<\/script>\s*/.exec(html);
        if (!script) throw new Error("the page has no script");
        file.source = html.replace(script[0], () => "").replace("<!--script-->", () => `<script>${script[1]}</script>`);
        file.fileName = "run.html";
      }
    },
  },
};

export default defineConfig({
  plugins: [viteSingleFile(), inPlace],
  build: {
    target: ["chrome123", "firefox123", "safari17.5"], // light-dark() and deflate-raw
    modulePreload: false,
    outDir: "dist",
    rolldownOptions: { output: { format: "iife" } },
  },
});
