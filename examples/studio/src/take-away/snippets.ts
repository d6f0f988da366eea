import { codeSnippet } from "ocelli/vision";

/** Code that uses the file that was taken away, beside it. */
export const snippets = {
  Node: (file: string) => codeSnippet({ runtime: "node", file }),
  "Web page": (file: string) => codeSnippet({ runtime: "browser", file }),
  "Command line": (file: string) => `npx ocelli predict ${/^[\w.-]+$/.test(file) ? file : JSON.stringify(file)} photo.jpg\n`,
} as const;
