const { default: Sequencer } = require("@jest/test-sequencer");

/** The longest suite first: beside it there is time for the others, one after another. */
module.exports = class extends Sequencer {
  sort(tests) {
    const isLongest = ({ path }) => path.endsWith("/muster.e2e.ts");
    return [...tests.filter(isLongest), ...tests.filter((test) => !isLongest(test))];
  }
};
