const { default: Sequencer } = require("@jest/test-sequencer");

const long = require("./long.json");

const longest = [...long, "faults", "muster", "digitalocean"];

/** The longest suites first: beside them there is time for the others, one after another. */
module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const index = longest.findIndex((name) => path.endsWith(`/${name}.e2e.ts`));
      return index === -1 ? longest.length : index;
    };
    return [...tests].sort((one, other) => place(one) - place(other));
  }
};
