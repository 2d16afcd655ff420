// A server behind the proxy, and the same one with TLS of its own: `node proxy.server.cjs ADDRESS PORT TLS_PORT PEM_FILE`.
const { readFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");

const [address, port, tlsPort, file] = process.argv.slice(2);
const pem = readFileSync(file, "utf8");
const body = JSON.stringify({ page: "x".repeat(4096) });
const answer = (request, response) => {
  request.resume();
  response.setHeader("Content-Type", "application/json");
  response.end(body);
};

http.createServer(answer).listen(Number(port), address, () =>
  https.createServer({ key: pem, cert: pem }, answer).listen(Number(tlsPort), address, () => {
    process.stdout.write("listening\n");
  }),
);
