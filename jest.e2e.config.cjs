/** The end-to-end tests: a stack for each suite, and its steps in order. Started by `npm run test:e2e`. */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/e2e/*.e2e.ts"],
  testSequencer: "<rootDir>/test/e2e/sequencer.cjs",
  setupFilesAfterEnv: ["<rootDir>/test/e2e/setup.ts"],
  testTimeout: 600_000,
  verbose: true,
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }],
  },
};
