/** How Jest reads TypeScript, JSX, and Preact, which is published as an ES module alone. */
const jsx = { react: { runtime: "automatic", importSource: "preact" } };
const swc = (parser, transform = {}) => ["@swc/jest", { jsc: { target: "es2022", parser, transform } }];

module.exports = {
  transform: {
    "^.+\\.ts$": swc({ syntax: "typescript" }),
    "^.+\\.tsx$": swc({ syntax: "typescript", tsx: true }, jsx),
    "/node_modules/preact/.+\\.mjs$": swc({ syntax: "ecmascript" }),
  },
  transformIgnorePatterns: ["/node_modules/(?!preact/)"],
};
