// The wall clock of the machine jumps, by years forwards and days back, while the program runs and while it is off: nobody is
// signed out, nothing is deleted, messages keep their order.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.mjs';
import { call, CHEAP, mustRegister } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';

const DAY = 86400;
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-clock-'));
const file = path.join(dir, 'offset');
const preload = path.join(dir, 'wall_clock.so');
after(() => rmSync(dir, { recursive: true, force: true }));

/** @param {number} s by how much the clock is wrong from now on */
function setClock(s) {
  const b = Buffer.alloc(8);
  b.writeBigInt64LE(BigInt(s));
  writeFileSync(file, b, { flag: 'r+' });
}

function clockedServer() {
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', preload, fileURLToPath(new URL('../lib/wall_clock.c', import.meta.url))]);
  writeFileSync(file, Buffer.alloc(8));
  const asan = [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':');
  return startServer({ args: [...CHEAP, '--retention', '30d'], env: { LD_PRELOAD: preload, MADANG_TEST_CLOCK: file, ASAN_OPTIONS: asan } });
}

/** @param {import('../lib/server.mjs').Server} server @param {string} cookie */
async function page(server, cookie) {
  const c = new Client(server);
  c.cookie = cookie;
  await c.open();
  const m = await c.hello();
  assert.ok(m.user, JSON.stringify(m));
  return c;
}

test('a clock that is wrong ends and deletes nothing', async (t) => {
  const server = await clockedServer();
  t.after(() => (server.alive() ? server.stop() : undefined));
  const cookie = await mustRegister(server, 'mina');
  let c = await page(server, cookie);
  const { conv } = (await c.must('room_make', { title: 'Garden' })).conv;
  const { token } = await c.must('token_make', { name: 'bot', scopes: ['messages'], ttl_s: DAY });
  let n = 0;
  /** Says something; waits when it was too much. @returns {Promise<number>} when that was, by the server */
  const say = async () => {
    const m = await c.ask('send', { conv, client: `c${n + 1}`, text: `said ${n + 1}` });
    if (m.code === 'rate') return sleep(m.retry_ms).then(say);
    assert.equal(m.type, 'ack', JSON.stringify(m));
    n++;
    return m.time;
  };
  /** Says something until the program has noticed what time it is. @param {(ms: number) => boolean} is */
  const sayAt = async (is) => {
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      if (is(await say())) return;
    }
    assert.fail('the clock was not noticed');
  };
  const still = async () => {
    assert.equal((await call(server, 'me', {}, { cookie })).body.user?.name, 'mina');
    const program = new Client(server);
    await program.open();
    assert.ok((await program.ask('hello', { v: 1, api_token: token })).user);
    program.close();
  };
  await say();
  const year = (/** @type {number} */ ms) => new Date(ms).getUTCFullYear();
  for (const off of [73 * 365 * DAY, 0]) { // to the end of the century and back
    setClock(off);
    await sayAt((ms) => (year(ms) > 2090) === (off > 0));
    await still();
  }
  c.close();
  for (const off of [-5 * DAY, 40 * 365 * DAY, -50 * 365 * DAY, 0]) { // set while it is off
    await server.down(off > 0 ? 'SIGKILL' : 'SIGTERM');
    setClock(off);
    await server.up();
    await still();
    c = await page(server, cookie);
    await say();
    c.close();
  }
  c = await page(server, cookie);
  const { messages } = await c.must('history', { conv, limit: 100 });
  const last = Array.from({ length: messages.length }, (_, i) => n - messages.length + 1 + i);
  assert.deepEqual(messages.map((/** @type {any} */ m) => [m.seq, m.text]), last.map((i) => [i, `said ${i}`]));
  assert.equal(messages.at(-1).seq, n);
  c.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});
