// Who is there, and the directory, through the real program: its threads, its database, and its restart.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { register, signedIn } from '../lib/client.mjs';
import { CHEAP } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';

/** @type {import('../lib/server.mjs').Server} */
let server;
/** @type {Record<string, {id: string, cookie: string}>} */
const who = {};

before(async () => {
  server = await startServer({ args: CHEAP });
  for (const name of ['mina', 'jun', 'sora']) who[name] = await register(server, name);
});
after(async () => {
  if (server) assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});

/** That somebody is said to be so, since the event number `from`.
 * @param {import('../lib/client.mjs').Client} c @param {string} user @param {string} presence @param {number} [from] */
const told = (c, user, presence, from = 0) => c.event((m) => m.type === 'presence' && c.events.indexOf(m) >= from
  && m.changed.some((/** @type {any} */ p) => p.user === user && p.presence === presence), `${presence}`);

test('after a start, who is not there is told when it is sure; coming, hiding and leaving are seen', async () => {
  const mina = await signedIn(server, who.mina.cookie);
  const users = [who.jun.id, who.sora.id];
  await mina.must('people_watch', { users });
  await told(mina, who.sora.id, 'offline'); // whether it was in the answer is a matter of when this test began
  const since = Date.now();
  const jun = await signedIn(server, who.jun.cookie);
  await told(mina, who.jun.id, 'online');
  jun.send({ type: 'idle', on: true });
  await told(mina, who.jun.id, 'away');
  await jun.must('presence', { mode: 'invisible' });
  await told(mina, who.jun.id, 'offline', mina.events.length);
  const { people: [row] } = await mina.must('people_watch', { users: [who.jun.id] });
  assert.equal(row.presence, 'offline');
  assert.ok(row.last_seen >= since && row.last_seen <= Date.now(), `${since} ${row.last_seen}`);
  jun.close();
  mina.close();
});

test('people are found, marked, and blocked', async () => {
  const mina = await signedIn(server, who.mina.cookie);
  const phone = await signedIn(server, who.mina.cookie);
  await mina.must('account_set', { display: '김미나' });
  const jun = await signedIn(server, who.jun.cookie);
  const found = await jun.must('people', { query: 'ㄱㅁㄴ' });
  assert.deepEqual(found.people.map((/** @type {any} */ p) => [p.name, p.display, p.blocked]), [['mina', '김미나', false]]);
  await mina.must('favourite', { user: who.sora.id, on: true });
  await mina.must('block', { user: who.jun.id, on: true });
  const { person } = await phone.event((m) => m.type === 'person_changed' && m.person.blocked, 'blocked on the phone');
  assert.equal(person.name, 'jun');
  const only = async (/** @type {string} */ list) => (await phone.must('people', { only: list })).people.map((/** @type {any} */ p) => p.name);
  assert.deepEqual([await only('favourites'), await only('blocked')], [['sora'], ['jun']]);
  const { person: seen } = await jun.must('person', { name: 'mina' });
  assert.deepEqual([seen.presence, seen.blocked], ['offline', false]);
  for (const c of [mina, phone, jun]) c.close();
});

test('a restart makes nobody blink', async () => {
  const sora = await signedIn(server, who.sora.cookie);
  const mina = await signedIn(server, who.mina.cookie);
  await mina.must('people_watch', { users: [who.sora.id] });
  sora.close();
  mina.close();
  await server.restart();
  const again = await signedIn(server, who.mina.cookie);
  const { people } = await again.must('people_watch', { users: [who.sora.id] });
  assert.deepEqual(people, [], 'nobody is said to be away');
  const { person } = await again.must('person', { user: who.sora.id });
  assert.equal('presence' in person, false);
  const back = await signedIn(server, who.sora.cookie);
  await told(again, who.sora.id, 'online');
  assert.ok(!JSON.stringify(again.events).includes('"offline"'));
  assert.equal((await again.must('person', { user: who.jun.id })).person.blocked, true, 'a block stays');
  back.close();
  again.close();
});

test('a server that is stopped knows afterwards who was there until then', async () => {
  const jun = await signedIn(server, who.jun.cookie);
  await jun.must('presence', { mode: 'auto' });
  const metric = async (/** @type {string} */ name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await server.get('/metrics')).body.toString())?.[1]);
  assert.ok(await metric('madang_people_here') >= 1);
  const since = Date.now();
  await server.down();
  jun.close();
  await server.up();
  const sora = await signedIn(server, who.sora.cookie);
  await sora.must('people_watch', { users: [who.jun.id] });
  const { changed } = await told(sora, who.jun.id, 'offline'); // some seconds after the start
  const row = changed.find((/** @type {any} */ p) => p.user === who.jun.id);
  assert.ok(row.last_seen >= since, `${since} ${row.last_seen}`);
  assert.equal(await metric('madang_people_pairs'), 1);
  sora.close();
});
