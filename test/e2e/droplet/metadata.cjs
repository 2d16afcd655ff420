// Plays DigitalOcean's metadata service, as far as a droplet asks it for its addresses. Arguments: a file with JSON,
// the reserved address of each droplet by the droplet's own; and the gateway of both.
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const [file, gateway] = process.argv.slice(2);

createServer((request, response) => {
  const own = request.socket.remoteAddress.replace("::ffff:", "");
  const reserved = JSON.parse(readFileSync(file, "utf8"))[own];
  const told = {
    "anchor_ipv4/address": reserved,
    "anchor_ipv4/gateway": gateway,
    "ipv4/address": own,
    "ipv4/gateway": gateway,
  }[request.url.replace("/metadata/v1/interfaces/public/0/", "")];
  response.writeHead(told === undefined ? 404 : 200).end(told);
}).listen(80);
