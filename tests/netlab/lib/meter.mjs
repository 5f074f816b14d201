// Numbered datagrams through a line, run inside a namespace. meter.mjs echo PORT: sends back what comes.
// meter.mjs send '{"host":..., "port":..., "n":..., "size":..., "gapMs":..., "waitMs":...}': prints as JSON what came back.
import dgram from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * size: of the IP packet. waitMs: it ends when nothing has come for so long.
 * @typedef {{host: string, port: number, n: number, size: number, gapMs: number, waitMs: number}} Job
 * order: numbers as they came; rttMs: of each, as they came; tookMs: from the first one's leaving to the last one's coming
 * @typedef {{order: number[], rttMs: number[], tookMs: number}} Result
 */
const HEADERS = 28;

/** @param {Job} job @returns {Promise<Result>} */
async function send({ host, port, n, size, gapMs, waitMs }) {
  const socket = dgram.createSocket('udp4');
  await new Promise((resolve) => { socket.bind(0, () => resolve(undefined)); });
  socket.setRecvBufferSize(4 << 20);
  /** @type {number[]} */
  const sent = [];
  /** @type {number[]} */
  const [order, rttMs] = [[], []];
  let last = performance.now();
  socket.on('message', (m) => {
    last = performance.now();
    order.push(m.readUInt32BE(0));
    rttMs.push(last - sent[m.readUInt32BE(0)]);
  });
  for (let i = 0; i < n; i++) {
    const m = Buffer.alloc(size - HEADERS);
    m.writeUInt32BE(i);
    sent.push(performance.now());
    socket.send(m, port, host);
    if (gapMs) await sleep(gapMs);
  }
  while (performance.now() - Math.max(last, /** @type {number} */ (sent.at(-1))) < waitMs) await sleep(20);
  socket.close();
  return { order, rttMs, tookMs: last - sent[0] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'send') {
    process.stdout.write(JSON.stringify(await send(JSON.parse(process.argv[3]))));
  } else {
    const socket = dgram.createSocket('udp4');
    socket.on('message', (m, from) => { socket.send(m, from.port, from.address); });
    socket.bind(Number(process.argv[3]), () => { socket.setRecvBufferSize(4 << 20); process.stdout.write('ready\n'); });
  }
}
