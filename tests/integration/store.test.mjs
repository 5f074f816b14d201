// The database under the running program: kill -9, a full disk, damaged and foreign files, backups, numbers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync, closeSync, unlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { signedIn } from '../lib/client.mjs';
import { call, CHEAP, mustRegister, PASSWORD, register } from '../lib/people.mjs';
import { BIN, freePort, freeUdpPort, startServer } from '../lib/server.mjs';

const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-store-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const rounds = Number(process.env.CRASH_ROUNDS ?? (process.env.MADANG_SANITIZER ? 3 : 8));
let seed = Number(process.env.CRASH_SEED ?? 7);
/** @param {number} n */
const below = (n) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor(seed / 2 ** 32 * n);
};

/** @param {string[]} args @param {string[]} [wrap] @returns {Promise<{code: number, out: string, err: string}>} */
const run = (args, wrap = []) => new Promise((resolve) => {
  const [cmd, ...rest] = [...wrap, BIN, ...args];
  execFile(cmd, rest, { timeout: 30000 }, (e, out, err) => resolve({ code: e ? Number(e.code) : 0, out, err }));
});

/** @param {string} data @param {string} verb @param {string[]} more */
const db = (data, verb, ...more) => run(['db', verb, ...more, '--data', data]);

/** A start that must end by itself, with one sentence. @param {string} data @param {RegExp} re @param {string[]} [wrap] */
async function refused(data, re, wrap = []) {
  const r = await run(['--port', `${await freePort()}`, '--udp-port', `${await freeUdpPort()}`, '--listen', '127.0.0.1',
    '--tls', 'off', '--data', data], wrap);
  assert.equal(r.code, 1, r.err);
  assert.match(r.err, re);
  assert.equal(r.err.trim().split('\n').length, 1, r.err);
}

/** Mounts that only what follows sees. @param {string} how  shell words; $0 is the path @param {string} at */
const mounted = (how, at) => [...(process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-Urm']), 'sh', '-c',
  `${how} && exec "$@"`, at];

/** @param {string} file @param {number} at @param {Buffer} bytes */
function scribble(file, at, bytes) {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

test('kill -9 at random moments loses no account and no sign-in that was acknowledged', async () => {
  const data = path.join(dir, 'crash');
  const server = await startServer({ data, args: CHEAP });
  /** @type {Map<string, string>} */
  const cookies = new Map();
  let made = 0;
  for (let round = 0; round < rounds; round++) {
    const until = cookies.size + 1 + below(25);
    let on = true;
    const before = cookies.size;
    const crowd = Array.from({ length: 8 }, async () => {
      while (on) {
        const name = `person${made++}`;
        try {
          const r = await register(server, name);
          assert.equal(r.status, 200, JSON.stringify(r.body));
          cookies.set(name, r.cookie ?? '');
        } catch (e) {
          if (on) throw e; // not the kill's doing
        }
        if (cookies.size >= until && on) {
          on = false;
          process.kill(server.pid, 'SIGKILL');
        }
      }
    });
    await Promise.all(crowd);
    await server.down('SIGKILL');
    const check = await db(data, 'check');
    assert.equal(check.code, 0, check.err);
    await server.up();
    const look = round + 1 < rounds ? [...cookies].slice(before) : [...cookies];
    for (const [name, cookie] of look) {
      const me = await call(server, 'me', {}, { cookie });
      assert.equal(me.body.user?.name, name, `round ${round}: ${JSON.stringify(me.body)}`);
    }
  }
  const again = await call(server, 'sign_in', { name: [...cookies.keys()][0], password: PASSWORD });
  assert.equal(again.status, 200);
  await server.stop();
});

test('kill -9 at random moments loses no message and no read mark, and their order has no gap', async () => {
  const data = path.join(dir, 'messages');
  const server = await startServer({ data, args: [...CHEAP, '--rate-send', 'off', '--rate-conv', 'off'] });
  const cookies = [await mustRegister(server, 'mina'), await mustRegister(server, 'jun')];
  const jun = (await call(server, 'me', {}, { cookie: cookies[1] })).body.user.user;
  /** @type {Map<number, string>} */
  const sent = new Map();
  let [conv, read, asked] = ['', 0, 0];
  for (let round = 0; round < rounds; round++) {
    const people = await Promise.all(cookies.map((c) => signedIn(server, c)));
    conv ||= (await people[0].must('conv_open', { user: jun })).conv.conv;
    const until = sent.size + 1 + below(rounds > 20 ? 60 : 16);
    let on = true;
    const writer = async (/** @type {import('../lib/client.mjs').Client} */ c) => {
      while (on) {
        const client = `c${asked++}`;
        const r = await Promise.race([c.ask('send', { conv, client, text: `text of ${client}` }), c.closed]);
        if (r?.type === 'ack') sent.set(r.seq, `text of ${client}`);
        else assert.ok(!on, JSON.stringify(r));
        if (sent.size >= until && on) { on = false; process.kill(server.pid, 'SIGKILL'); }
      }
    };
    const reader = async () => {
      while (on) {
        const seq = Math.max(1, ...sent.keys());
        const r = await Promise.race([people[1].ask('read', { conv, seq }), people[1].closed]);
        if (r?.type === 'ack') read = Math.max(read, seq);
        await new Promise((again) => { setTimeout(again, 20); });
      }
    };
    await Promise.all([writer(people[0]), writer(people[0]), writer(people[1]), reader()]);
    for (const c of people) for (const cut of c.asked.values()) cut({ type: 'cut' });
    await server.down('SIGKILL');
    assert.equal((await db(data, 'check')).code, 0);
    await server.up();
    const c = await signedIn(server, cookies[1]);
    /** @type {Map<number, string>} */
    const kept = new Map();
    for (let before; ;) {
      const h = await c.must('history', { conv, limit: 100, ...(before ? { before } : {}) });
      for (const m of h.messages) kept.set(m.seq, m.text);
      if (h.first || !h.messages.length) break;
      before = h.messages[0].seq;
    }
    const seqs = [...kept.keys()].sort((a, b) => a - b);
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1), 'no gap');
    for (const [seq, text] of sent) assert.equal(kept.get(seq), text, `round ${round}, message ${seq}`);
    const mine = (await c.must('convs', {})).convs.find((/** @type {any} */ v) => v.conv === conv);
    assert.ok(mine.read >= read, `read up to ${mine.read}, acknowledged ${read}`);
    c.close();
  }
  await server.stop();
});

/** How a call ends, by number: what is asked after `call`, and what its caller's history says of it then. */
const ENDS = [
  { outcome: 'declined', asks: [['callee', 'call_decline', { text: 'later' }]] },
  { outcome: 'cancelled', asks: [['caller', 'call_cancel', {}]] },
  { outcome: 'answered', asks: [['callee', 'call_answer', { video: false }], ['caller', 'call_end', {}]] },
];

test('kill -9 at random moments loses no record of a call', async () => {
  const data = path.join(dir, 'calls');
  const server = await startServer({ data, args: CHEAP });
  const pairs = await Promise.all(Array.from({ length: 5 }, async (_, i) => {
    const cookies = [await mustRegister(server, `caller${i}`), await mustRegister(server, `callee${i}`)];
    const to = (await call(server, 'me', {}, { cookie: cookies[1] })).body.user.user;
    return { cookies, to, over: /** @type {Map<string, string>} */ (new Map()) };
  }));
  let [over, made] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const until = over + 1 + below(20);
    let on = true;
    const people = await Promise.all(pairs.map(async ({ cookies }) => ({
      caller: await signedIn(server, cookies[0]), callee: await signedIn(server, cookies[1]) })));
    await Promise.all(pairs.map(async ({ to, over: known }, i) => {
      const { caller } = people[i];
      /** @type {Record<string, typeof caller>} */
      const who = people[i];
      const ask = (/** @type {any} */ c, /** @type {string} */ type, /** @type {object} */ fields) =>
        Promise.race([c.ask(type, fields), c.closed.then(() => ({ type: 'cut' }))]);
      while (on) {
        const { outcome, asks } = ENDS[made++ % ENDS.length];
        const placed = await ask(caller, 'call', { to, video: false });
        if (placed.type !== 'ack') { // ten at once, and then one in six seconds: others go on
          assert.ok(!on || placed.code === 'rate', JSON.stringify(placed));
          break;
        }
        let last = placed;
        for (const [by, type, fields] of /** @type {[string, string, object][]} */ (asks)) {
          if (last.type === 'ack') last = await ask(who[by], type, { call: placed.call.call, ...fields });
        }
        if (last.type === 'ack') known.set(placed.call.call, outcome);
        else assert.ok(!on, JSON.stringify(last));
        if (last.type === 'ack') over++;
        if (over >= until && on) { on = false; process.kill(server.pid, 'SIGKILL'); }
      }
    }));
    if (on) process.kill(server.pid, 'SIGKILL');
    await server.down('SIGKILL');
    assert.equal((await db(data, 'check')).code, 0);
    await server.up();
    for (const { cookies, over: known } of pairs) {
      for (const cookie of cookies) {
        const c = await signedIn(server, cookie);
        /** @type {Map<string, any>} */
        const kept = new Map();
        for (let before; ;) {
          const { calls } = await c.must('calls', { limit: 100, ...(before ? { before } : {}) });
          for (const r of calls) kept.set(r.call, r);
          if (calls.length < 100 || round + 1 < rounds) break;
          before = calls.at(-1).started;
        }
        const wanted = [...known].slice(round + 1 < rounds ? -50 : 0);
        for (const [id, outcome] of wanted) {
          const said = cookie === cookies[1] && outcome === 'cancelled' ? 'missed' : outcome;
          assert.equal(kept.get(id)?.outcome, said, `round ${round}, call ${id}: ${JSON.stringify(kept.get(id))}`);
        }
        c.close();
      }
    }
  }
  await server.stop();
});

test('a full disk is said, everything else goes on, and it recovers by itself', async () => {
  const data = path.join(dir, 'full');
  // A small disk of its own.
  const server = await startServer({
    data, args: CHEAP, wrap: mounted('mkdir -p "$0" && mount -t tmpfs -o size=4m tmpfs "$0"', data) });
  const cookie = await mustRegister(server, 'mina');
  const filler = `/proc/${server.pid}/root${data}/filler`;
  const fd = openSync(filler, 'w');
  const piece = Buffer.alloc(4096);
  try { for (;;) writeSync(fd, piece); } catch (e) { assert.equal(/** @type {any} */ (e).code, 'ENOSPC'); }
  closeSync(fd);
  let r = { status: 200, body: { code: '' } };
  for (let i = 0; i < 200 && r.status === 200; i++) r = await register(server, `crowd${i}`);
  assert.equal(r.status, 503);
  assert.equal(r.body.code, 'store_full');
  await server.waitLog(/the disk is full/);
  // Who is signed in still is, and pages are served.
  assert.equal((await call(server, 'me', {}, { cookie })).body.user?.name, 'mina');
  assert.equal((await server.get('/')).status, 200);
  unlinkSync(filler);
  assert.equal((await register(server, 'jun')).status, 200);
  await server.waitLog(/the database works again/);
  assert.match((await server.get('/metrics')).body.toString(), /madang_store_answers_total\{status="full"\} [1-9]/);
  await server.stop();
});

test('a backup of the running server is one moment of it, and restores', async () => {
  const data = path.join(dir, 'backup');
  const file = path.join(dir, 'copy.db');
  const server = await startServer({ data, args: CHEAP });
  const cookie = await mustRegister(server, 'mina');
  let on = true;
  let made = 0;
  const crowd = (async () => { while (on) assert.equal((await register(server, `crowd${made++}`)).status, 200); })();
  const copied = await db(data, 'backup', file);
  on = false;
  await crowd;
  assert.equal(copied.code, 0, copied.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const later = await mustRegister(server, 'jun');
  const early = await db(data, 'restore', file);
  assert.equal(early.code, 1);
  assert.match(early.err, /Another madang uses the data folder .*, as process \d+\. Stop it first\./);
  await server.down();
  const back = await db(data, 'restore', file);
  assert.equal(back.code, 0, back.err);
  await server.up();
  assert.equal((await call(server, 'me', {}, { cookie })).body.user?.name, 'mina');
  assert.equal((await call(server, 'me', {}, { cookie: later })).body.user, null);
  await server.stop();
});

test('databases that cannot be used end the start with a sentence', async () => {
  const data = path.join(dir, 'refused');
  const file = path.join(data, 'madang.db');
  const server = await startServer({ data });
  await refused(data, /Another madang uses the data folder .*, as process \d+\.$/m);
  await server.down();
  const sound = readFileSync(file);
  scribble(file, 60, Buffer.from([0, 0, 0x12, 0x67])); // PRAGMA user_version
  await refused(data, /was made by a newer madang \(its tables are version 4711, this program knows \d+\): start the newer one/);
  scribble(file, 0, sound);
  scribble(file, 100, Buffer.alloc(3000, 0x5a));
  await refused(data, /malformed/);
  scribble(file, 0, Buffer.from('This is a letter, and no database.'));
  await refused(data, /file is not a database/);
  scribble(file, 0, sound);
  await server.up();
  await server.stop();
});

test('a disk that may only be read ends the start with a sentence', async () => {
  const data = path.join(dir, 'readonly');
  const server = await startServer({ data, args: CHEAP });
  const cookie = await mustRegister(server, 'mina');
  await server.down();
  const bind = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"';
  await refused(data, /The data folder cannot be written: .*: Read-only file system\./, mounted(bind, data));
  const file = path.join(data, 'madang.db');
  await refused(data, /The database .* may only be read: its file, or the disk, is write-protected\./, mounted(bind, file));
  await server.up(); // and nothing has come of it
  assert.equal((await call(server, 'me', {}, { cookie })).body.user?.name, 'mina');
  await server.stop();
});

test('damage that shows itself later is said, found by the check, and ends nothing else', async () => {
  const data = path.join(dir, 'damaged');
  const file = path.join(data, 'madang.db');
  const server = await startServer({ data, args: CHEAP });
  await mustRegister(server, 'mina');
  await server.down();
  assert.equal((await db(data, 'check')).code, 0);
  const sound = readFileSync(file);
  const at = sound.indexOf('minamina'); // the row of that person, and not the head of the file
  assert.ok(at > 4096);
  scribble(file, at - at % 4096, Buffer.alloc(4096, 0x5a));
  await server.up();
  const r = await call(server, 'sign_in', { name: 'mina', password: PASSWORD });
  assert.equal(r.body.code, 'internal', JSON.stringify(r.body));
  await server.waitLog(/error store: .*malformed/);
  assert.equal((await server.get('/')).status, 200);
  assert.equal((await db(data, 'check')).code, 1);
  await server.down();
  scribble(file, 0, sound);
  await server.up();
  assert.equal((await call(server, 'sign_in', { name: 'mina', password: PASSWORD })).status, 200);
  await server.stop();
});

test('a TURN server alone has no database', async () => {
  const data = path.join(dir, 'turn');
  const server = await startServer({ command: 'turn', data, args: ['--user', 'ann:secret password'] });
  assert.ok(!existsSync(path.join(data, 'madang.db')));
  assert.ok(!(await server.get('/metrics')).body.toString().includes('madang_store'));
  await server.stop();
});

test('the store counts, and is in the dump', async () => {
  const server = await startServer({ args: CHEAP });
  await mustRegister(server, 'mina');
  const text = (await server.get('/metrics')).body.toString();
  for (const line of [/^madang_store_queue\{thread="writer"\} 0$/m, /^madang_store_answers_total\{status="ok"\} [1-9]/m,
    /^madang_store_committed_total [1-9]/m, /^madang_store_commit_seconds_count [1-9]/m, /^madang_store_refused_total 0$/m]) {
    assert.match(text, line);
  }
  process.kill(server.pid, 'SIGUSR1');
  const file = /written to (.*)/.exec(await server.waitLog(/dump: written to/))?.[1] ?? '';
  const d = JSON.parse(readFileSync(file, 'utf8'));
  assert.ok(d.database.commits > 0 && d.database.answers.ok > 0, JSON.stringify(d.database));
  assert.equal(d.database.answers.failed, 0);
  await server.stop();
});
