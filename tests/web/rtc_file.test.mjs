// Files over a fake data channel: back-pressure, the hash, everything that can break; offers and answers.
// @ts-nocheck -- fakes
import { File as NodeFile } from 'node:buffer';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { fakeClock } from '../../web/core/clock.js';
import { Emitter } from '../../web/core/emitter.js';
import { receiveFile, sendFile } from '../../web/rtc/file.js';
import { MEMORY_CAP, memorySink } from '../../web/rtc/file_sink.js';
import { Transfers } from '../../web/rtc/transfers.js';

// Debian 12's Node has no global File.
globalThis.File ??= /** @type {any} */ (NodeFile);

/** Two ends of a channel with a send buffer that drains in steps. */
function channels({ drain = 256 * 1024, spoil = (d) => d } = {}) {
  const ends = [0, 1].map(() => Object.assign(new EventTarget(), {
    readyState: 'open', bufferedAmount: 0, bufferedAmountLowThreshold: 0, most: 0, queue: [], binaryType: 'arraybuffer',
  }));
  const size = (d) => (typeof d === 'string' ? d.length : d.byteLength);
  ends.forEach((end, i) => {
    const other = ends[1 - i];
    const step = () => {
      let room = drain;
      while (end.queue.length && room > 0 && end.readyState === 'open') {
        const d = end.queue.shift();
        room -= size(d);
        end.bufferedAmount -= size(d);
        const data = typeof d === 'string' ? d : spoil(d.slice().buffer);
        other.dispatchEvent(new MessageEvent('message', { data }));
      }
      if (end.bufferedAmount <= end.bufferedAmountLowThreshold) end.dispatchEvent(new Event('bufferedamountlow'));
      if (end.queue.length && end.readyState === 'open') setImmediate(step);
    };
    end.send = (d) => {
      if (end.readyState !== 'open') throw new Error('closed');
      if (!end.queue.length) setImmediate(step);
      end.queue.push(typeof d === 'string' ? d : new Uint8Array(d));
      end.bufferedAmount += size(d);
      end.most = Math.max(end.most, end.bufferedAmount);
    };
    end.close = () => {
      for (const e of ends) { e.readyState = 'closed'; e.dispatchEvent(new Event('close')); }
    };
  });
  return ends;
}
function sink({ slow = false, fail = false } = {}) {
  const s = { parts: [], waiting: 0, most: 0, aborted: false,
    async write(data) {
      if (fail) throw new Error('disk full');
      if (slow) await new Promise((r) => { setTimeout(r, 1); });
      s.parts.push(Buffer.from(data));
    },
    async finish() { return 'blob:x'; },
    async abort() { s.aborted = true; } };
  return s;
}
const sha = (b) => createHash('sha256').update(b).digest('hex');

for (const size of [0, 1, 65_536, 1_000_003, 20_000_000]) {
  test(`a file of ${size} bytes arrives whole, and neither side holds much of it`, async () => {
    const [a, b] = channels();
    const bytes = randomBytes(size);
    const to = sink();
    const progress = [];
    const got = receiveFile(b, { size, sink: to });
    const onProgress = (n) => progress.push(n);
    const sent = await sendFile(a, new Blob([bytes]), { maxMessage: 262_144, onProgress });
    assert.equal(sent, sha(bytes));
    assert.deepEqual(await got, { url: 'blob:x', sha256: sha(bytes) });
    assert.equal(Buffer.compare(Buffer.concat(to.parts), bytes), 0);
    assert.ok(a.most <= (1 << 20) + 65_536, `${a.most} buffered`);
    if (size > 65_536) assert.equal(progress.at(-1), size);
  });
}

test('a slow disk holds the sender back', async () => {
  const [a, b] = channels({ drain: 1 << 30 });
  let sentBytes = 0;
  const send = a.send;
  a.send = (d) => { sentBytes += d.byteLength ?? 0; send(d); };
  const to = sink({ slow: true });
  let most = 0;
  const write = to.write;
  to.write = async (d) => {
    most = Math.max(most, sentBytes - to.parts.reduce((n, p) => n + p.length, 0));
    await write(d);
  };
  const bytes = randomBytes(24_000_000);
  const got = receiveFile(b, { size: bytes.length, sink: to });
  await sendFile(a, new Blob([bytes]), { maxMessage: 65_536 });
  await got;
  assert.ok(most <= (8 << 20) + 200_000, `${most} bytes under way`);
});

test('a bit that was changed on the way is noticed by both', async () => {
  let n = 0;
  const [a, b] = channels({ spoil: (d) => { if (n++ === 5) new Uint8Array(d)[9] ^= 1; return d; } });
  const to = sink();
  const got = assert.rejects(receiveFile(b, { size: 1_000_000, sink: to }), { code: 'hash_mismatch' });
  await assert.rejects(sendFile(a, new Blob([randomBytes(1_000_000)])), { code: 'hash_mismatch' });
  await got;
  assert.equal(to.aborted, true);
});

test('more than was offered, less than was offered, a full disk, a broken connection', async () => {
  let [a, b] = channels();
  let got = assert.rejects(receiveFile(b, { size: 10, sink: sink() }), { code: 'too_large' });
  await assert.rejects(sendFile(a, new Blob([randomBytes(1000)])), { code: 'too_large' });
  await got;

  [a, b] = channels();
  got = assert.rejects(receiveFile(b, { size: 2000, sink: sink() }), { code: 'hash_mismatch' });
  await assert.rejects(sendFile(a, new Blob([randomBytes(1000)])), { code: 'hash_mismatch' });
  await got;

  [a, b] = channels();
  got = assert.rejects(receiveFile(b, { size: 9_000_000, sink: sink({ fail: true }) }), { code: 'disk' });
  await assert.rejects(sendFile(a, new Blob([randomBytes(9_000_000)])), { code: 'disk' });
  await got;

  [a, b] = channels();
  got = assert.rejects(receiveFile(b, { size: 30_000_000, sink: sink() }), { code: 'connection' });
  const sending = assert.rejects(sendFile(a, new Blob([randomBytes(30_000_000)])), { code: 'connection' });
  setTimeout(() => a.close(), 30);
  await Promise.all([got, sending]);
});

test('into memory only up to the cap, and never as a page', async () => {
  assert.throws(() => memorySink(MEMORY_CAP + 1, 'text/plain'), { code: 'too_large' });
  const s = memorySink(5, 'text/html');
  await s.write(new Uint8Array([60, 98, 62]));
  const url = await s.finish();
  const blob = await (await fetch(url)).blob();
  assert.equal(blob.type, 'application/octet-stream');
});

// ---- offers and answers

function pair() {
  const clock = fakeClock();
  const wires = channels();
  const sides = [0, 1].map((i) => {
    const side = { steps: [], offers: [] };
    side.t = new Transfers({
      clock,
      async send(type, { to: _, ...fields }, body) {
        const other = sides[1 - i];
        setImmediate(() => other.t.receive(type, { type, from: `S${i}`, ...fields }, body));
        side.sent = [...side.sent ?? [], fields.kind];
      },
      makePeer: () => {
        const pc = { sctp: { maxMessageSize: 262_144 } };
        const p = Object.assign(new Emitter(), { pc, receive() {}, close() { p.closed = true; } });
        side.peer = p;
        return p;
      },
    });
    side.t.on('offer', (o) => side.offers.push(o));
    side.t.on('step', (s) => side.steps.push(s.error ? `${s.step}:${s.error}` : s.step));
    return side;
  });
  return { clock, a: sides[0], b: sides[1], wires };
}
const wait = (ms = 20) => new Promise((r) => { setTimeout(r, ms); });
const file = (bytes, name = 'a.pdf') => new File([bytes], name, { type: 'application/pdf' });

test('offer, accept, bytes, done', async () => {
  const { a, b, wires } = pair();
  const id = a.t.offer('S1', file(randomBytes(300_000), '../e\u202evil.pdf'));
  await wait();
  assert.equal(b.offers[0].name, '.._e_vil.pdf');
  assert.equal(b.offers[0].size, 300_000);
  await b.t.accept(id);
  await wait();
  a.peer.emit('channel', wires[0]);
  b.peer.emit('channel', wires[1]);
  await wait(100);
  assert.deepEqual(a.steps, ['accept', 'open', 'good']);
  assert.deepEqual(b.steps, ['accept', 'open', 'end', 'good']);
});

test('declined, cancelled by either side, nobody there, nothing moving', async () => {
  let p = pair();
  let id = p.a.t.offer('S1', file('x'));
  await wait();
  p.b.t.decline(id);
  await wait();
  assert.deepEqual([p.a.steps, p.b.steps], [['decline'], ['decline']]);

  p = pair();
  id = p.a.t.offer('S1', file('x'));
  await wait();
  p.a.t.cancel(id);
  await wait();
  assert.deepEqual([p.a.steps, p.b.steps], [['cancel'], ['cancel']]);

  p = pair();
  p.a.t.offer('S1', file('x'));
  p.a.t.gone('S1');
  assert.deepEqual(p.a.steps, ['fail:peer_gone']);

  p = pair();
  id = p.a.t.offer('S1', file('x'));
  await wait();
  await p.b.t.accept(id);
  await wait();
  await p.clock.advance(31_000);
  assert.deepEqual(p.a.steps, ['accept', 'fail:connection']);
});

test('only the person that a file goes to can answer for it', async () => {
  const { a } = pair();
  const id = a.t.offer('S1', file('x'));
  a.t.receive('file', { from: 'S9', conn: id, kind: 'accept' }, '');
  a.t.receive('file', { from: 'S9', conn: id, kind: 'cancel' }, '');
  assert.deepEqual(a.steps, []);
  for (const bad of [{ size: -1 }, { size: 1.5 }, { name: 7, size: 1 }]) {
    a.t.receive('file', { from: 'S1', conn: 'f-z', kind: 'offer', name: 'x', ...bad }, '');
  }
  assert.equal(a.offers.length, 1);
});
