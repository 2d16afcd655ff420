/** The plan's page in a real browser, by `npm run test:page`. */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/e2e/page.e2e.ts"],
  // A busy machine is no failure.
  testTimeout: 60_000,
  ...require("./jest.transform.cjs"),
};
