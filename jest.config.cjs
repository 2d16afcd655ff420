/** Four quick projects for `npm test`; none needs Docker, the Pulumi CLI, an account or a network. */
const base = { testEnvironment: "node", ...require("./jest.transform.cjs") };
const project = (displayName, ...folders) => ({
  ...base,
  displayName,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
});

module.exports = {
  // Jest leaves one core to others by default: on two, that is half of them.
  maxWorkers: "100%",
  // A hung test still ends; a busy machine is no failure.
  testTimeout: 30_000,
  projects: [
    project("unit", "unit"),
    project("components", "components", "helpers"),
    project("graph", "graph"),
    project("engine", "engine"),
  ],
};
