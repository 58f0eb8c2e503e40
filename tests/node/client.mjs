// Drives a daemon over its socket with @msgpack/msgpack and prints what it saw as one JSON document.
import net from "node:net";
import { decodeMultiStream, encode } from "@msgpack/msgpack";

const socket = net.createConnection(process.argv[2]);
const replies = new Map();
const events = [];
let ended;
const end = new Promise((resolve) => (ended = resolve));

let lastId = 0;
function request(method, ...params) {
  const msgid = ++lastId;
  socket.write(encode([0, msgid, method, params]));
  return new Promise((resolve) => replies.set(msgid, resolve));
}

async function listen() {
  for await (const [kind, ...rest] of decodeMultiStream(socket)) {
    if (kind === 1) {
      const [msgid, error, result] = rest;
      replies.get(msgid)({ error, result });
    } else {
      const [name, [fields]] = rest;
      events.push({ name, fields });
      if (name === "generation_complete") ended();
    }
  }
}

const listening = listen();
const seen = {
  ping: await request("ping"),
  status: await request("status", {}),
  refused: await request("generate", { prompt: "a tone", backend: "sine", duration_sec: 0.5 }),
  unknown: await request("no_such_method", [1, 2, 3]),
  accepted: await request("generate", { prompt: "a tone 🎹", backend: "sine", duration_sec: 2.0, seed: 7 }),
};
await end;
socket.end();
await listening.catch(() => {});
console.log(JSON.stringify({ ...seen, events }));
