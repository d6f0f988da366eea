import tseslint from "typescript-eslint";

const forbid = (selector, message) => ({ selector, message });

/** AssemblyScript only: biome cannot parse its decorators on functions. Everything else is biome's. */
export default [
  {
    files: ["assembly/**/*.ts"],
    languageOptions: { parser: tseslint.parser, parserOptions: { allowInvalidAST: true } },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "no-constant-condition": ["error", { checkLoops: false }],
      "no-dupe-else-if": "error",
      "no-fallthrough": "error",
      "no-self-assign": "error",
      "no-self-compare": "error",
      "no-unreachable": "error",
      "no-var": "error",
      "prefer-const": "error",
      "@typescript-eslint/no-unused-vars": ["error", { args: "none" }],
      "no-restricted-syntax": [
        "error",
        forbid("NewExpression", "kernels allocate nothing"),
        forbid(":not(CallExpression[callee.object.name='memory']) > ArrayExpression", "kernels allocate nothing: use memory the caller gives"),
        forbid("ObjectExpression", "kernels allocate nothing"),
        forbid("TemplateLiteral", "kernels have no strings"),
        forbid("ArrowFunctionExpression, FunctionExpression", "kernels have no closures"),
        forbid("ClassDeclaration", "kernels have no classes: pointers and sizes only"),
        forbid(
          "Program > VariableDeclaration[kind='let'], ExportNamedDeclaration > VariableDeclaration[kind='let']",
          "a module is instantiated once per thread: no mutable globals",
        ),
        forbid("MemberExpression[object.name='f32x4'][property.name=/^(min|max)$/]", "f32x4.min and max are 4-5 times slower than pmin and pmax"),
        forbid(
          "MemberExpression[object.name=/^(Math|Mathf|NativeMath|NativeMathf|JSMath)$/]",
          "assembly/math.ts is the only source of functions: the same bits everywhere",
        ),
      ],
    },
  },
];
