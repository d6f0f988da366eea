import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";

export default {
  input: ["scenario-page.js", "classify-page.js"],
  output: { dir: "built/rollup" },
  plugins: [resolve({ browser: true }), commonjs()],
};
