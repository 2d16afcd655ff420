/** The end-to-end tests: a stack for each suite, and its steps in order. Started by `npm run test:e2e`. */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/e2e/*.e2e.ts"],
  // It needs no engine: `npm run test:page`.
  testPathIgnorePatterns: ["/node_modules/", "/page\\.e2e\\.ts$"],
  testSequencer: "<rootDir>/test/e2e/sequencer.cjs",
  testTimeout: 600_000,
  verbose: true,
  ...require("./jest.transform.cjs"),
};
