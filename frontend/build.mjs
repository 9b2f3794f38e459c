// Builds the browser code into dist/nexus, which Django serves under /static/nexus/.

import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const outdir = "dist/nexus";

// GraphiQL's stylesheet carries its fonts as data: addresses. As files, a browser fetches only those it draws with,
// and a Content-Security-Policy needs nothing beyond 'self' for them.
const fontsAsFiles = {
  name: "fonts-as-files",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => {
      const fonts = new Map();
      const contents = (await readFile(path, "utf8")).replaceAll(
        /url\("?data:font\/(\w+);base64,([^")]+)"?\)/g,
        (_, type, base64) => {
          const bytes = Buffer.from(base64, "base64");
          const name = `font-${createHash("sha256").update(bytes).digest("hex").slice(0, 10)}.${type}`;
          fonts.set(name, bytes);
          return `url(./${name})`;
        },
      );
      await Promise.all([...fonts].map(([name, bytes]) => writeFile(`${outdir}/${name}`, bytes)));
      return { contents, loader: "css" };
    });
    onResolve({ filter: /^\.\/font-\w+\.\w+$/ }, ({ path }) => ({ path, external: true }));
  },
};

const shared = {
  outdir,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  loader: { ".ttf": "file" },
  assetNames: "[name]",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
};

await rm("dist", { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: { live: "src/live.js", account: "src/account.js", graphiql: "src/graphiql.jsx" },
    jsx: "automatic",
    plugins: [fontsAsFiles],
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
