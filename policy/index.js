/**
 * Where the engine starts the policy pack. It has ts-node check all types first, each time, for seconds; this has the
 * files transpiled alone, as the program's are.
 */
const { register, REGISTER_INSTANCE } = require("ts-node");

process[REGISTER_INSTANCE]?.enabled(false);
register({ project: require.resolve("../tsconfig.pulumi.json") });
require("./main.ts");
