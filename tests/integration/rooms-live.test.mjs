// The live room of a room that stays, of the real program: guests and members say things at once while the server is
// killed, and nothing acknowledged is lost, doubled or out of order; a password is one, with real hashes.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Client, signedIn } from '../lib/client.mjs';
import { CHEAP, mustRegister } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';

const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-live-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const rounds = Number(process.env.CRASH_ROUNDS ?? 4);

/** @param {import('../lib/server.mjs').Server} server @param {string} name */
async function guest(server, name) {
  const c = new Client(server);
  await c.open();
  await c.hello({ name });
  return c;
}

/** All of it, from the first to the last. @param {Client} c @param {string} conv @returns {Promise<any[]>} */
async function history(c, conv) {
  /** @type {any[]} */
  const all = [];
  for (let last = false, at = 0; !last;) {
    const page = await c.must('history', { conv, after: at, limit: 100 });
    all.push(...page.messages);
    last = page.last;
    at = all.at(-1)?.seq ?? 0;
  }
  return all;
}

test('members and guests talk while the server is killed again and again', async () => {
  const server = await startServer({ data: path.join(dir, 'crash'), args: CHEAP });
  const cookies = [await mustRegister(server, 'mina'), await mustRegister(server, 'jun')];
  let mina = await signedIn(server, cookies[0]);
  const { conv } = (await mina.must('room_make', { title: 'Yard', public: true })).conv;
  /** What was acknowledged: seq -> text. @type {Map<number, string>} */
  const kept = new Map();
  let said = 0;
  for (let round = 0; round < rounds; round++) {
    mina = await signedIn(server, cookies[0]);
    const jun = await signedIn(server, cookies[1]);
    const people = [mina, jun, await guest(server, 'Ann'), await guest(server, 'Ben')];
    for (const c of people) await c.must('join', { room: conv });
    assert.equal((await mina.must('conv_get', { conv })).conv.live.count, 4);
    let on = true;
    const crowd = people.map(async (c, who) => {
      while (on) {
        const text = `word ${++said} of ${who}`;
        const asked = who === 0 ? c.ask('send', { conv, client: `c${said}`, text }) : c.ask('chat', { room: conv, text });
        const m = await asked;
        if (m.type === 'lost') return; // the kill
        if (m.type === 'error') assert.equal(m.code, 'rate', JSON.stringify(m));
        else {
          assert.equal(kept.has(m.seq), false, 'one number, one message');
          kept.set(m.seq, text);
        }
      }
    });
    await people[2].event((m) => m.type === 'chat' && m.seq > 20 * round + 10, 'a few words');
    on = false;
    await server.down('SIGKILL');
    for (const c of people) for (const done of c.asked.values()) done({ type: 'lost' });
    await Promise.all(crowd);
    await server.up();
  }
  mina = await signedIn(server, cookies[0]);
  const all = await history(mina, conv);
  assert.deepEqual(all.map((m) => m.seq), all.map((_, i) => i + 1), 'no gap, no double');
  for (const [seq, text] of kept) assert.equal(all[seq - 1].text, text);
  assert.equal(new Set(all.map((m) => m.text)).size, all.length);
  assert.ok(all.some((m) => m.guest === 'Ann' && !m.from) && all.some((m) => m.from && !m.guest));
  assert.equal((await mina.must('conv_get', { conv })).conv.live, undefined, 'nobody is there any more');
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});

test('a password: hashed, asked of who is not inside, kept over a restart, never told', async () => {
  const data = path.join(dir, 'password');
  const server = await startServer({ data, args: CHEAP });
  let mina = await signedIn(server, await mustRegister(server, 'mina'));
  const jun = await signedIn(server, await mustRegister(server, 'jun'));
  const { conv } = (await mina.must('room_make', { title: 'Cellar', unlisted: true })).conv;
  const password = 'gooseberry-lantern';
  await mina.must('room_password', { conv, password });
  assert.equal((await jun.ask('room_password', { conv, password: '' })).code, 'conv_unknown');
  assert.equal((await jun.ask('room_join', { conv })).code, 'password_required');
  assert.equal((await jun.ask('room_join', { conv, password: 'raspberry' })).code, 'password_wrong');
  await jun.must('room_join', { conv, password });
  await jun.must('join', { room: conv });
  let ann = await guest(server, 'Ann');
  assert.equal((await ann.ask('join', { room: conv })).code, 'password_required');
  const inside = await ann.must('join', { room: conv, password });
  assert.equal(inside.room.password, true);
  assert.equal(JSON.stringify(inside).includes('argon2'), false);
  await server.restart('SIGKILL');
  ann = await guest(server, 'Ann');
  await ann.must('join', { room: conv, ticket: inside.ticket }); // was inside
  assert.equal((await (await guest(server, 'Ben')).ask('join', { room: conv })).code, 'password_required');
  mina = await signedIn(server, mina.cookie);
  assert.equal((await mina.must('conv_get', { conv })).conv.live.count, 1);
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
  assert.equal(server.log().includes(password), false);
  for (const name of readdirSync(data)) {
    if (name.startsWith('madang.db')) assert.equal(readFileSync(path.join(data, name)).includes(password), false, name);
  }
});
