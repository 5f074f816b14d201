// Accounts of the real program: the link of the first start, the operator's commands beside a running server, and what
// they end.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test, { after, before } from 'node:test';
import { Client } from '../lib/client.mjs';
import { call, PASSWORD, register } from '../lib/people.mjs';
import { BIN, startServer } from '../lib/server.mjs';

/** @type {import('../lib/server.mjs').Server} */
let server;

// What a server does without being told: registration by invitation.
before(async () => {
  server = await startServer({ args: ['--argon2-memory', '8M', '--argon2-passes', '1', '--name', 'talk.example.org'] });
});
after(async () => {
  if (server) assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});

/** @param {string[]} args @param {string} [input] @returns {Promise<{code: number, out: string, err: string}>} */
const madang = (args, input = '') => new Promise((resolve) => {
  const child = execFile(BIN, [...args, '--data', server.data, '--name', 'talk.example.org', '--port', `${server.port}`],
    { timeout: 30000 }, (e, out, err) => resolve({ code: e ? Number(e.code) : 0, out, err }));
  child.stdin?.end(input);
});

/** @param {string} text a link in it @returns {string} its code */
const codeOf = (text) => /\/i\/([A-Za-z0-9_-]{22})/.exec(text)?.[1] ?? '';

/** @param {string | undefined} cookie */
const whoIs = async (cookie) => (await call(server, 'me', {}, { cookie })).body.user?.name ?? null;

/** A live session of that browser. @param {string | undefined} cookie */
async function page(cookie) {
  const c = new Client(server);
  c.cookie = cookie ?? '';
  await c.open();
  const m = await c.hello();
  assert.ok(m.user, JSON.stringify(m));
  return c;
}

/** @param {Client} c */
const ended = async (c) => {
  await c.event((m) => m.type === 'ended' && m.reason === 'signed_out', 'end of the session');
  assert.equal(await c.closed, 1000);
};

test('the first start makes an administrator, once, and lets nobody else in', async () => {
  assert.equal((await register(server, 'stranger')).body.code, 'registration_closed');
  const line = await server.waitLog(/\/i\//);
  const invite = codeOf(line);
  assert.equal((await call(server, 'invite', { invite })).body.kind, 'admin');
  const boss = await call(server, 'register', { name: 'boss', password: PASSWORD, invite });
  assert.equal(boss.body.user?.role, 'admin', JSON.stringify(boss.body));
  assert.equal(boss.body.recovery.length, 10);
  assert.equal((await call(server, 'register', { name: 'second', password: PASSWORD, invite })).body.code, 'bad_invite');
  const before = server.log().length;
  await server.restart();
  assert.equal(await whoIs(boss.cookie), 'boss');
  assert.doesNotMatch(server.log().slice(before), /\/i\//);
  const c = await page(boss.cookie);
  const made = await c.must('invite_make', { uses: 1 });
  const friend = await call(server, 'register', { name: 'friend', password: PASSWORD, invite: made.code });
  assert.equal(friend.body.user?.role, 'user', JSON.stringify(friend.body));
  c.close();
});

test('commands of the operator reach who is there', async () => {
  const added = await madang(['user', 'add', 'mina', '--display', '김미나']);
  assert.deepEqual([added.code, added.err], [0, '']);
  assert.match(added.out, new RegExp(`^http.*://talk\\.example\\.org:${server.port}/i/`));
  const link = codeOf(added.out);
  const weak = await call(server, 'reset', { link, password: 'password1' });
  assert.equal(weak.body.code, 'weak_password');
  assert.ok(['common', 'guessable'].includes(weak.body.reason), weak.body.reason);
  const mina = await call(server, 'reset', { link, password: PASSWORD });
  assert.equal(mina.body.user?.display, '김미나', JSON.stringify(mina.body));
  assert.equal((await madang(['user', 'add', 'rnina'])).code, 1);

  const c = await page(mina.cookie);
  assert.equal((await madang(['user', 'disable', 'mina'])).code, 0);
  await ended(c);
  assert.equal(await whoIs(mina.cookie), null);
  assert.equal((await call(server, 'sign_in', { name: 'mina', password: PASSWORD })).status, 401);
  assert.equal((await madang(['user', 'enable', 'mina'])).code, 0);
  const again = await call(server, 'sign_in', { name: 'Mina', password: PASSWORD });
  assert.equal(again.status, 200, JSON.stringify(again.body));

  const d = await page(again.cookie);
  assert.equal((await madang(['user', 'passwd', 'mina', '--password'], 'orange velvet staircase 7\n')).code, 0);
  await ended(d);
  assert.equal((await call(server, 'sign_in', { name: 'mina', password: PASSWORD })).body.code, 'sign_in_wrong');
  assert.equal((await call(server, 'sign_in', { name: 'mina', password: 'orange velvet staircase 7' })).status, 200);

  assert.match((await madang(['user', 'list'])).out, /^boss\t.*\tadmin\t/m);
  assert.equal((await madang(['user', 'delete', 'mina'])).code, 0);
  assert.doesNotMatch((await madang(['user', 'list'])).out, /mina/);
  assert.match((await madang(['user', 'delete', 'boss'])).err, /nobody else administers/);
  const invited = await call(server, 'register', {
    name: 'mina', password: PASSWORD, invite: codeOf((await madang(['invite'])).out) });
  assert.equal(invited.body.user?.role, 'user', JSON.stringify(invited.body));
});
