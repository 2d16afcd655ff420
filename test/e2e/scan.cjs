// Prints the open TCP ports of an address, as JSON: `node scan.cjs ADDRESS [PATIENCE_MS]`. What is filtered doesn't
// answer at all: there, each port costs the whole patience.
const { connect } = require("node:net");

const address = process.argv[2];
const patienceMs = Number(process.argv[3] ?? 2000);
const atOnce = patienceMs < 2000 ? 2048 : 256;
const open = new Set();
let next = 1;

function isOpen(port) {
  return new Promise((done) => {
    const socket = connect({ host: address, port });
    const finish = (answer) => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(patienceMs, () => finish(false));
    // On loopback a socket can meet itself: that is nobody listening.
    socket.once("connect", () => finish(socket.localPort !== socket.remotePort));
    socket.once("error", () => finish(false));
  });
}

async function probe() {
  while (next <= 65535) {
    const port = next++;
    if (await isOpen(port)) open.add(port);
  }
}

Promise.all(Array.from({ length: atOnce }, probe)).then(() => {
  console.log(JSON.stringify([...open].sort((a, b) => a - b)));
});
