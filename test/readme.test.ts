import { execFile } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The examples of the README and of pages of docs/ that run in Node, in a folder with the photos that they speak of. It lies in the package, where "ocelli" means the package. */
const root = resolve("build/readme");
const readme = readFileSync("README.md", "utf8");
const blocks = (language: string, page = readme) => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text]) => text);

beforeAll(() => {
  rmSync(root, { recursive: true, force: true });
  for (const [name, from] of [
    ["cat", "bag"],
    ["dog", "sandal"],
  ]) {
    for (const [folder, side, count] of [
      ["photos", "train", 10],
      ["more-photos", "val", 3],
    ] as const) {
      mkdirSync(join(root, folder, name), { recursive: true });
      const files = readdirSync(`examples/fashion/${side}/${from}`).sort().slice(0, count);
      files.forEach((file, i) => copyFileSync(`examples/fashion/${side}/${from}/${file}`, join(root, folder, name, `${i}.jpg`)));
    }
  }
  for (const name of ["new.jpg", "photo.jpg", "other.jpg"]) cpSync(join(root, "more-photos/cat/0.jpg"), join(root, name));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(program: string, args: readonly string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((done) => {
    execFile(program, args, { cwd: root }, (error, _, stderr) => done({ code: error ? Number(error.code) : 0, stderr }));
  });
}

describe("README.md", () => {
  it("has two set-up commands", () => {
    expect(blocks("sh").filter((text) => text.includes("npm install &&"))).toEqual(["npm install && npm start\n", "npm install && npm test\n"]);
  });

  it.each(blocks("js").map((text, i) => [i + 1, text] as const))("example %i runs", async (number, text) => {
    const file = join(root, `example-${number}.mjs`);
    writeFileSync(file, text);
    expect(await run(process.execPath, [file])).toMatchObject({ code: 0 });
  });

  // `--resume` has something to go on from only after an interruption, which test/cli/train.test.ts makes.
  const commands = blocks("sh")
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.startsWith("ocelli ") && !line.endsWith("--resume"));
  it.each(commands)("%s", async (line) => {
    const command = line.replace(/^ocelli/, `"${process.execPath}" "${resolve("dist/cli/main.js")}"`);
    const { code, stderr } = await run("/bin/sh", ["-c", command]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("writes no file over that of another command", () => {
    const files = commands.flatMap((line) => {
      const [, file] = / -o (\S+)/.exec(line) ?? [];
      return line.startsWith("ocelli train ") ? [file, file.replace("safetensors", "html")] : (file ?? []);
    });
    expect(files.length).toBeGreaterThan(5);
    expect(files).toEqual([...new Set(files)]);
  });

  it("links to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !existsSync(resolve(link)))).toEqual([]);
  });
});

/** Pages of which the examples, one after another, are a program for Node; the README's left the model. */
it.each(["vision", "quantization"])("the examples of docs/%s.md run", async (page) => {
  const file = join(root, `${page}.mjs`);
  writeFileSync(file, blocks("js", readFileSync(`docs/${page}.md`, "utf8")).join("\n"));
  expect(await run(process.execPath, [file])).toMatchObject({ code: 0, stderr: "" });
});
