// The bad line of the laboratory does to real datagrams what it is told, and counts it: losses, delay, rate, queue, order,
// doubles, a cut, each way by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Impair } from './lib/impair.mjs';
import { Lab, SERVER4 } from './lib/lab.mjs';

const METER = fileURLToPath(new URL('lib/meter.mjs', import.meta.url));
const PORT = 7000;

const lab = new Lab();
const home = lab.router('home', 'open');
const client = lab.client('c');
lab.attach(client, home);
const echo = spawn('ip', ['netns', 'exec', lab.server, process.execPath, METER, 'echo', `${PORT}`], { stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve) => { echo.stdout.once('data', resolve); });
let seed = 0;
after(() => {
  echo.kill();
  lab.close();
});

/** @param {Partial<import('./lib/meter.mjs').Job>} job @returns {Promise<import('./lib/meter.mjs').Result>} */
async function measure(job) {
  const all = { host: SERVER4[0], port: PORT, n: 1000, size: 200, gapMs: 0, waitMs: 1000, ...job };
  const { code, out } = await lab.spawn(client.ns, process.execPath, METER, 'send', JSON.stringify(all));
  assert.equal(code, 0, out);
  return JSON.parse(out);
}

/** @param {string} title @param {(line: Impair, t: import('node:test').TestContext) => Promise<void>} fn */
function through(title, fn) {
  test(title, { timeout: 60_000 }, async (t) => {
    const line = await Impair.open(lab, home, ++seed);
    try {
      await fn(line, t);
    } finally {
      lab.exec(home.ns, 'iptables', '-t', 'mangle', '-F', 'FORWARD');
      await line.close().catch(() => {});
    }
  });
}

/** As evenly as a wire would carry them: what many at once do to a socket is not the line's doing. */
const EVENLY = { gapMs: 2 };

through('without a fault everything comes back', async (line) => {
  const { order } = await measure({ ...EVENLY, n: 500 });
  assert.deepEqual(order, Array.from({ length: 500 }, (_, i) => i));
  const { up, down } = await line.counts();
  assert.deepEqual([up.packets, up.passed, down.passed, down.bytes], [500, 500, 500, 500 * 200]);
});

through('losses, on one way only', async (line) => {
  await line.tell('down loss 10');
  const { order } = await measure(EVENLY);
  const { up, down } = await line.counts();
  assert.deepEqual([up.lost, down.packets, order.length], [0, 1000, 1000 - down.lost]);
  assert.ok(down.lost > 70 && down.lost < 130, `${down.lost} of 1000 lost`);
});

through('losses in bursts', async (line) => {
  await line.tell('up burst 5 8');
  const { order } = await measure(EVENLY);
  const { up } = await line.counts();
  assert.equal(order.length, 1000 - up.burst);
  const bursts = order.filter((x, i) => x !== (i ? order[i - 1] + 1 : 0)).length;
  assert.ok(up.burst / bursts > 4, `${up.burst} lost in ${bursts} bursts`);
});

through('delay on both ways', async (line, t) => {
  await line.tell('up delay 50', 'down delay 50');
  const { rttMs } = await measure({ ...EVENLY, n: 200 });
  assert.equal(rttMs.length, 200);
  rttMs.sort((a, b) => a - b);
  t.diagnostic(`told 100 ms: least ${rttMs[0].toFixed(2)}, half of them below ${rttMs[100].toFixed(2)}`);
  assert.ok(rttMs[0] >= 100 && rttMs[0] < 200, `${rttMs[0]} ms`);
});

through('a slow link', async (line, t) => {
  await line.tell('down rate 1000000', 'down queue 5000');
  const { order, tookMs } = await measure({ n: 200, size: 1000 });
  t.diagnostic(`200 kB at 1 Mbit/s: ${tookMs.toFixed(0)} ms`);
  assert.equal(order.length, 200);
  assert.ok(tookMs >= 1600, `${tookMs} ms for 1600 ms`);
});

through('a queue that is full', async (line) => {
  await line.tell('up rate 1000000', 'up queue 200');
  const { order } = await measure({ n: 200, size: 1000 });
  const { up } = await line.counts();
  assert.equal(order.length, 200 - up.queue);
  assert.ok(up.queue > 0 && up.waitedMaxMs <= 200, JSON.stringify(up));
  await line.tell('up rate 0');
  assert.equal((await measure({ ...EVENLY, n: 50 })).order.length, 50);
});

/** Ten datagrams with one call, cut by the kernel as late as it can (UDP_SEGMENT). */
const TRAIN = `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(17, 103, 1000)
s.sendto(bytes(10000), (sys.argv[1], int(sys.argv[2])))`;

through('datagrams that left together are lost one by one', async (line) => {
  await line.tell('up loss 50');
  const nobody = `${PORT + 1}`; // an answer would find the sender gone, and make it say so
  for (let i = 0; i < 10; i++) lab.exec(client.ns, 'python3', '-c', TRAIN, SERVER4[0], nobody);
  const { up } = await line.counts();
  assert.deepEqual([up.packets, up.bytes], [100, 100 * 1028]);
  assert.ok(up.lost > 20 && up.lost < 80, JSON.stringify(up));
});

through('overtaking', async (line) => {
  await line.tell('down reorder 5 20');
  const { order } = await measure(EVENLY);
  const { down } = await line.counts();
  assert.equal(order.length, 1000);
  assert.ok(down.reordered > 20 && order.some((x, i) => i > 0 && x < order[i - 1]), JSON.stringify(down));
});

through('doubles', async (line) => {
  await line.tell('up twice 10');
  const { order } = await measure(EVENLY);
  const { up } = await line.counts();
  assert.equal(new Set(order).size, 1000);
  assert.ok(up.twice > 50, JSON.stringify(up));
  assert.equal(order.length, 1000 + up.twice);
});

through('a cut, and its end', async (line) => {
  await line.tell('down cut on');
  assert.equal((await measure({ n: 20 })).order.length, 0);
  await line.tell('down cut off');
  assert.equal((await measure({ n: 20 })).order.length, 20);
  assert.equal((await line.counts()).down.cut, 20);
  await assert.rejects(line.tell('sideways loss 5'), /down or up/);
});
