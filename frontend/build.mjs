// Builds the browser code into dist/nexus, which Django serves under /static/nexus/.

import { copyFile, rm } from "node:fs/promises";
import { build } from "esbuild";

const outdir = "dist/nexus";
const shared = {
  outdir,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  // Files, not data: addresses, so that a Content-Security-Policy needs nothing beyond 'self'.
  loader: { ".ttf": "file", ".woff2": "file" },
  assetNames: "[name]",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
};

await rm("dist", { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: { live: "src/live.js", graphiql: "src/graphiql.jsx" },
    jsx: "automatic",
  }),
  build({
    ...shared,
    entryPoints: {
      "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
      "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
      "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
    },
  }),
]);
await copyFile("src/mark.svg", `${outdir}/mark.svg`);
