import type { Bundler } from "./bundler.js";
import { esbuild } from "./esbuild.js";
import { next } from "./next.js";
import { rollup } from "./rollup.js";
import { vite } from "./vite.js";
import { webpack } from "./webpack.js";

export const bundlers: readonly Bundler[] = [vite, webpack, esbuild, rollup, next];
