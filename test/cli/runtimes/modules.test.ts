import { describe, expect, it } from "vitest";
import { linkModules } from "../../../src/cli/runtimes/link-modules.js";
import { importMap } from "../../../src/cli/runtimes/resolve-packages.js";
import { isolation, serve, text } from "../../../src/cli/runtimes/serve.js";
import { projectOf } from "./project.js";

/** Two versions of `inner`, conditions in every form, and a circle. */
const files = {
  "package.json": { dependencies: { outer: "1", inner: "2" } },
  "job.js": `import { a } from "outer"; import b from 'outer/sub'; export * from "./own.js"; const text = "from 'nothing'"; export default () => import("inner");`,
  "own.js": `export const own = 1; import "./job.js";`,
  "node_modules/outer/package.json": {
    dependencies: { inner: "1" },
    peerDependencies: { missing: "1" },
    imports: { "#wasm": { workerd: "./static.js", default: "./embedded.js" } },
    exports: {
      ".": { types: "./index.d.ts", workerd: "./worker.js", browser: { import: "./browser.js" }, default: "./index.js" },
      "./sub": ["./sub.js"],
      "./private": null,
      "./wasm/*.wasm": "./wasm/*.wasm",
    },
  },
  "node_modules/outer/index.js": "export const a = 1;",
  "node_modules/outer/browser.js": "export const a = 2;",
  "node_modules/outer/worker.js": `export { inner as a } from "inner";import wasm from"#wasm";`,
  "node_modules/outer/static.js": `import module from "./kernels.wasm"; export default module;`,
  "node_modules/outer/kernels.wasm": "",
  "node_modules/outer/sub.js": "export default 3;",
  "node_modules/outer/node_modules/inner/package.json": { version: "1", module: "lib/one.mjs", browser: { "./a": false } },
  "node_modules/outer/node_modules/inner/lib/one.mjs": "export const inner = 1;",
  "node_modules/inner/package.json": { version: "2", dependencies: { outer: "1" }, exports: { import: "./two.mjs", require: "./two.cjs" } },
  "node_modules/inner/two.mjs": "export const inner = 2;",
};

describe("an import map", () => {
  it("has what each package may import, by its exports and imports", () => {
    const outer = "/node_modules/outer/";
    expect(importMap(projectOf(files), ["browser", "import"])).toEqual({
      imports: { outer: `${outer}browser.js`, "outer/sub": `${outer}sub.js`, inner: "/node_modules/inner/two.mjs" },
      scopes: {
        [outer]: { "#wasm": `${outer}embedded.js`, inner: `${outer}node_modules/inner/lib/one.mjs` },
        [`${outer}node_modules/inner/`]: {},
        "/node_modules/inner/": { outer: `${outer}browser.js`, "outer/sub": `${outer}sub.js` },
      },
    });
  });

  it("follows other conditions", () => {
    const { imports, scopes } = importMap(projectOf(files), ["workerd"]);
    expect(imports.outer).toBe("/node_modules/outer/worker.js");
    expect(scopes["/node_modules/outer/"]["#wasm"]).toBe("/node_modules/outer/static.js");
    expect(imports.inner).toBeUndefined();
  });
});

describe("linked modules", () => {
  it("are all that a module reaches, with paths for names", () => {
    const modules = linkModules(projectOf(files), "job.js", ["workerd", "import"]);
    expect(modules.map(({ path }) => path).sort()).toEqual([
      "job.js",
      "node_modules/inner/two.mjs",
      "node_modules/outer/kernels.wasm",
      "node_modules/outer/node_modules/inner/lib/one.mjs",
      "node_modules/outer/static.js",
      "node_modules/outer/sub.js",
      "node_modules/outer/worker.js",
      "own.js",
    ]);
    const scripts = new Map(modules.flatMap((module) => ("script" in module ? [[module.path, module.script] as const] : [])));
    expect(scripts.get("job.js")).toBe(
      `import { a } from "./node_modules/outer/worker.js"; import b from './node_modules/outer/sub.js'; export * from "./own.js"; const text = "from 'nothing'"; export default () => import("./node_modules/inner/two.mjs");`,
    );
    expect(scripts.get("node_modules/outer/worker.js")).toBe(`export { inner as a } from "./node_modules/inner/lib/one.mjs";import wasm from"./static.js";`);
  });

  it("name a module that is not there", () => {
    expect(() => linkModules(projectOf({ "package.json": {} }), "nothing.js", [])).toThrow(/nothing\.js/);
  });
});

describe("the server", () => {
  it("gives files of its folder with their types, and nothing else", async () => {
    const folder = projectOf({ "inside/a.js": "1", "inside/sp ace.wasm": "", "outside.txt": "no" });
    const server = await serve(`${folder}/inside`, { headers: isolation, routes: { "/route": text(".html", "hello") } });
    try {
      const get = async (path: string) => {
        const response = await fetch(server.origin + path);
        return [response.status, response.headers.get("content-type"), await response.text()];
      };
      expect(await get("/a.js?x=1")).toEqual([200, "text/javascript", "1"]);
      expect(await get("/sp%20ace.wasm")).toEqual([200, "application/wasm", ""]);
      expect(await get("/route")).toEqual([200, "text/html; charset=utf-8", "hello"]);
      for (const path of ["/", "/b.js", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/%00", "/%zz", "/constructor"])
        expect((await get(path))[0], path).toBe(404);
      expect((await fetch(`${server.origin}/a.js`)).headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    } finally {
      await server.close();
    }
    await expect(fetch(`${server.origin}/a.js`)).rejects.toThrow();
  });
});
