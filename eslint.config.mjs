import js from "@eslint/js";
import pulumi from "@pulumi/eslint-plugin";
import prettier from "eslint-config-prettier";
import promise from "eslint-plugin-promise";
import tseslint from "typescript-eslint";

const linesAtMost = (max) => ["error", { max, skipBlankLines: true, skipComments: true }];

export default tseslint.config(
  { ignores: ["node_modules/", ".muster/", "coverage/", "test/**/fixture/", "test/graph/__golden__/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  promise.configs["flat/recommended"],
  // Names and return values are TypeScript's business; its own rule sees promises that nobody waits for.
  {
    rules: {
      "promise/param-names": "off",
      "promise/always-return": "off",
      "promise/catch-or-return": "off",
    },
  },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      // What the engine won't check for us: an Output in a plain template, a promise that nobody waits for.
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/no-floating-promises": ["error", { checkThenables: true, ignoreVoid: false }],
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/prefer-nullish-coalescing": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      // Letters are fine as they are where words are compared.
      "@typescript-eslint/no-misused-spread": ["error", { allow: ["string"] }],
      // Numbers in texts are clear as they are.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `() => list.push(x)` in a one-line callback is clear as it is.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // tsc forbids dots into index signatures (noPropertyAccessFromIndexSignature).
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      eqeqeq: "error",
      "max-lines": linesAtMost(250),
    },
  },
  {
    // A component is made for what its constructor registers; nobody needs to keep the object.
    files: ["components/**/*.ts", "stacks/**/*.ts", "index.ts"],
    rules: { "no-new": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": linesAtMost(400),
      // What a test expects of untyped answers is its own business: a wrong guess fails it.
      "@typescript-eslint/no-unsafe-assignment": "off",
      // `() => void call()` says that only the call matters.
      "@typescript-eslint/no-meaningless-void-operator": "off",
      // The same for answers that may be other than their types say.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-base-to-string": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-misused-spread": "off",
    },
  },
  {
    // They load by a path that is known only then.
    files: ["bench/**/*.ts", "test/e2e/**/*.ts"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    files: ["**/*.{js,mjs,cjs}"],
    languageOptions: {
      globals: { module: "writable", require: "readonly", process: "readonly", console: "readonly" },
    },
  },
  prettier,
);
