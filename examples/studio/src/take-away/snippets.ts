/** Code that runs as it is pasted, beside the file that was taken away. */
const node = (file: string) => `// npm install ocelli
import { loadModel } from "ocelli";

const model = await loadModel(${JSON.stringify(file)});
const [best] = await model.classify("photo.jpg", { topK: 1 });
console.log(best.label, best.score);
model.close();
`;

const browser = (file: string) => `// with Vite, webpack, esbuild, Rollup or Next; the file lies beside the page
import { loadModel } from "ocelli";

const model = await loadModel(${JSON.stringify(`/${file}`)});
const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
const output = document.createElement("p");
document.body.append(input, output);
input.addEventListener("change", async () => {
  const [best] = await model.classify(input.files[0], { topK: 1 });
  output.textContent = \`\${best.label} (\${Math.round(100 * best.score)} %)\`;
});
`;

const commandLine = (file: string) => `npx ocelli predict ${/^[\w.-]+$/.test(file) ? file : `"${file}"`} photo.jpg
`;

export const snippets = { Node: node, "Web page": browser, "Command line": commandLine } as const;
