// Attacks on what people with accounts do by HTTP, over the real program: requests that another site could make, cookies
// that are nearly right, bodies that are too long or do not come, requests behind one that waits, clients that go, and
// paths in place of ids; then files, in and out, and who may have them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Client } from '../lib/client.mjs';
import { CHEAP, PASSWORD, call, mustRegister } from '../lib/people.mjs';
import { ask, connect, hostOf } from '../lib/raw.mjs';
import { startServer } from '../lib/server.mjs';

/** A site whose pages may connect. */
const ELSEWHERE = 'https://elsewhere.example';

/** @type {import('../lib/server.mjs').Server} */
let server;
/** @type {import('../lib/server.mjs').Server} */
let secure;

before(async () => {
  [server, secure] = await Promise.all([
    startServer({ args: [...CHEAP, '--body-timeout', '1s', '--upload-size', '1M', '--uploads-each', '2M', '--allow-origin', ELSEWHERE] }),
    startServer({ tls: true, args: CHEAP })]);
});
after(async () => {
  for (const s of [server, secure]) if (s) assert.deepEqual(await s.stop(), { code: 0, signal: null }, s.log());
});

/** A POST as raw text. @param {string} verb @param {string} body
 * @param {{origin?: string | null, type?: string | null, more?: string, length?: number | string, s?: typeof server}} [o] */
function post(verb, body, o = {}) {
  const s = o.s ?? server;
  const origin = o.origin === undefined ? s.url : o.origin;
  const type = o.type === undefined ? 'application/json' : o.type;
  return `POST /api/${verb} HTTP/1.1\r\nHost: ${hostOf(s)}\r\n${origin === null ? '' : `Origin: ${origin}\r\n`}`
    + `${type === null ? '' : `Content-Type: ${type}\r\n`}${o.more ?? ''}Content-Length: ${o.length ?? body.length}\r\n\r\n${body}`;
}

test('pages of another origin that may connect have no account, whatever the browser sends along', async () => {
  const cookie = await mustRegister(server, 'embedded');
  for (const verb of ['sign_in', 'me', 'sign_out']) {
    const body = verb === 'sign_in' ? JSON.stringify({ name: 'embedded', password: PASSWORD }) : '{}';
    const r = await ask(server, post(verb, body, { origin: ELSEWHERE, more: `Cookie: ${cookie}\r\n` }));
    assert.equal(r.status, 403, verb);
    assert.doesNotMatch(r.head, /set-cookie/i);
  }
  assert.equal(await whoIs(server, cookie), 'embedded', 'still signed in');
  const c = new Client(server);
  c.cookie = cookie;
  c.origin = ELSEWHERE;
  await c.open();
  const m = await c.hello();
  assert.equal(m.user, undefined, 'a guest');
  assert.equal((await c.ask('account_sessions')).code, 'sign_in_required');
  c.close();
  c.origin = 'https://evil.example';
  await assert.rejects(c.open());
});

const registers = (/** @type {string} */ name) => JSON.stringify({ name, password: PASSWORD });

/** Whether somebody of that name exists: whoever does can sign in. @param {string} name */
const exists = async (name) => (await call(server, 'sign_in', { name, password: PASSWORD })).status === 200;

/** @param {import('../lib/server.mjs').Server} s @param {string} cookie */
async function whoIs(s, cookie) {
  const r = await ask(s, post('me', '{}', { more: `Cookie: ${cookie}\r\n`, s }));
  assert.equal(r.status, 200);
  return JSON.parse(r.body.toString()).user?.name ?? null;
}

/** How another site could send a request. */
const foreign = () => [
  { origin: null }, { origin: 'null' }, { origin: 'http://evil.example' }, { origin: `${server.url}.evil.example` },
  { origin: `https://${hostOf(server)}.` }, { origin: server.url.replace(/\d+$/, '1') }, { more: 'Origin: http://evil.example\r\n' },
  { more: 'Sec-Fetch-Site: cross-site\r\n' }, { type: 'text/plain' }, { type: 'application/x-www-form-urlencoded' },
  { type: 'multipart/form-data; boundary=a' }, { type: null }, { type: 'text/plain, application/json' },
];

test('what another site can send does nothing', async () => {
  for (const [n, o] of foreign().entries()) {
    const r = await ask(server, post('register', registers(`evil${n}`), o));
    assert.ok(r.status === 403 || r.status === 415, `${JSON.stringify(o)}: ${r.status}`);
    assert.doesNotMatch(r.head, /set-cookie|access-control/i);
    assert.equal(await exists(`evil${n}`), false);
  }
  const preflight = await ask(server, `OPTIONS /api/register HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: http://evil.example\r\n`
    + 'Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n');
  assert.doesNotMatch(preflight.head, /access-control-allow/i);
  const form = `name=evil&password=${encodeURIComponent(PASSWORD)}`;
  assert.equal((await ask(server, post('register', form, { type: 'application/x-www-form-urlencoded' }))).status, 415);
  assert.equal((await ask(server, `GET /api/register?${form} HTTP/1.1\r\nHost: ${hostOf(server)}\r\n\r\n`)).status, 405);
});

test('no request that there is can be made by another site for who is signed in', async () => {
  const { cookie, c } = await person('victim');
  const { upload } = await c.must('upload', { size: 1, name: 'x', mime: 'text/plain' });
  const doc = readFileSync('docs/protocol-people.md', 'utf8');
  const verbs = [...doc.matchAll(/^\| `\/api\/(\w+)` \|/gm)].map((m) => m[1]);
  assert.ok(verbs.includes('sign_out') && verbs.includes('passkey_sign_in') && verbs.length >= 9, verbs.join());
  for (const verb of verbs) {
    for (const o of foreign()) {
      const r = await ask(server, post(verb, '{}', { ...o, more: `${o.more ?? ''}Cookie: ${cookie}\r\n` }));
      assert.ok(r.status === 403 || r.status === 415, `${verb} ${JSON.stringify(o)}: ${r.status}`);
      assert.doesNotMatch(r.head, /set-cookie|access-control|clear-site-data/i);
      assert.doesNotMatch(r.body.toString(), /victim/);
    }
    const look = await ask(server, `GET /api/${verb} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nCookie: ${cookie}\r\n\r\n`);
    assert.equal(look.status, 405, verb);
  }
  const head = (/** @type {string} */ line) => `${line} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: http://evil.example\r\nCookie: ${cookie}\r\n`;
  const others = {
    [`PUT /api/upload/${upload}`]: 'Content-Length: 1\r\n\r\nx',
    'POST /api/send/aaaa/1': 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    'GET /api/ws': 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madang.v1\r\n'
      + 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    'GET /api/stream/aaaa': '\r\n',
  };
  for (const [line, rest] of Object.entries(others)) {
    const r = await ask(server, head(line) + rest);
    assert.equal(r.status, 403, `${line}: ${r.status}`);
    assert.doesNotMatch(r.head, /access-control-allow/i);
  }
  assert.equal(await whoIs(server, cookie), 'victim', 'nobody was signed out');
  c.close();
});

test('the cookie is one that scripts and plain connections never see', async () => {
  const r = await ask(secure, post('register', registers('mina'), { s: secure }));
  assert.equal(r.status, 200);
  const set = [...r.head.matchAll(/^set-cookie: (.*)\r$/gim)];
  assert.equal(set.length, 1);
  assert.match(set[0][1], /^__Host-madang=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/);
  const cookie = set[0][1].split(';')[0];
  assert.equal(await whoIs(secure, cookie), 'mina');
  const again = await ask(secure, post('sign_in', registers('mina'), { s: secure, more: `Cookie: ${cookie}\r\n` }));
  assert.equal(again.status, 200);
  assert.ok(!again.head.includes(cookie), 'each sign-in has a token of its own');
});

test('a cookie that is nearly right is none', async () => {
  const cookie = await mustRegister(server, 'jun');
  const [name, value] = cookie.split('=');
  assert.equal(await whoIs(server, cookie), 'jun');
  assert.equal(await whoIs(server, `a=b; ${cookie}; c=d`), 'jun');
  for (const bad of [`${cookie}x`, `${name}=${value.slice(1)}`, `${name}="${value}"`, `${name.toUpperCase()}=${value}`,
    `${cookie}; ${cookie}`, `${cookie}; ${name}=`, `${name}=; ${cookie}`, `x${cookie}`, `${cookie}=`, `__Host-${cookie}`, `${name} =${value}`,
    `${cookie}\r\nCookie: a=b`, `${name}=${value.toLowerCase()}`, `${name}=${'A'.repeat(43)}`, `${name}=' OR 1=1--`, '=', ';;;', `${name}`])
    assert.equal(await whoIs(server, bad), null, bad);
  await call(server, 'sign_out', {}, { cookie });
  assert.equal(await whoIs(server, cookie), null);
});

test('somebody else\'s token is not taken over', async () => {
  const fixed = `madang=${'B'.repeat(43)}`; /* put into a browser before its owner signs in */
  const r = await call(server, 'register', { name: 'fixed', password: PASSWORD }, { cookie: fixed });
  assert.equal(r.status, 200);
  assert.notEqual(r.cookie, fixed);
  assert.equal(await whoIs(server, fixed), null);
});

test('bodies that are too long, or do not come', async () => {
  assert.equal((await ask(server, post('me', '{}', { length: 65537 }))).status, 413);
  assert.equal((await ask(server, post('me', '{}', { length: '99999999999999999999' }))).status, 400);
  const long = `{"a":"${'x'.repeat(60000)}"}`;
  assert.equal((await ask(server, post('me', long))).status, 200);
  const chunked = `POST /api/me HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\nContent-Type: application/json\r\n`
    + 'Transfer-Encoding: chunked\r\n\r\n';
  assert.equal((await ask(server, `${chunked}fffff\r\n${'x'.repeat(70000)}`)).status, 413);
  const slow = await connect(server);
  slow.send(post('me', '{', { length: 100 }));
  assert.equal((await slow.response()).status, 408);
  await slow.end();
  for (const body of ['', '[]', '{"a":1', 'null', '{"name":1}{}', '{"a":1,"a":2}', '\xff'])
    assert.equal((await ask(server, post('register', body))).status, 400, body);
});

test('what stands behind a call that waits is answered after it', async () => {
  const c = await connect(server);
  c.send(post('register', registers('waits')) + `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n` + post('me', '{}'));
  const first = await c.response();
  assert.match(first.body.toString(), /"name":"waits"/);
  assert.match((await c.response()).body.toString(), /"status"/);
  assert.match((await c.response()).body.toString(), /"user":null/);
  c.close();
});

test('a client that goes before its answer leaves nothing behind', async () => {
  await call(server, 'me', {});
  const fds = await server.fds();
  await Promise.all(Array.from({ length: 30 }, async (_, n) => {
    const c = await connect(server);
    c.send(post(n % 2 ? 'register' : 'sign_in', registers(`gone${n}`)));
    if (n % 3) c.reset(); else c.close();
  }));
  await call(server, 'register', { name: 'after_them', password: PASSWORD }); /* the last in the queue of passwords */
  assert.ok(await exists('after_them'));
  const until = Date.now() + 30_000; // it is a matter of rounds, and on a busy machine they take their time
  while (await server.fds() > fds && Date.now() < until) await call(server, 'me', {});
  assert.ok(await server.fds() <= fds);
});

/* ---- files ---- */

/** @param {string} name @returns {Promise<{cookie: string, c: Client}>} */
async function person(name) {
  const cookie = await mustRegister(server, name);
  const c = new Client(server);
  c.cookie = cookie;
  await c.open();
  await c.must('hello', { v: 1 });
  return { cookie, c };
}

/** @param {string} method @param {string} at @param {string} cookie @param {string} [body] @param {string} [fields] */
function file(method, at, cookie, body = '', fields = '') {
  return ask(server, `${method} ${at} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\n`
    + `${cookie ? `Cookie: ${cookie}\r\n` : ''}${fields}${method === 'PUT' ? `Content-Length: ${body.length}\r\n` : ''}\r\n${body}`,
  { head: method === 'HEAD' });
}

test('an upload goes on where it broke off, and is its owner\'s alone', async () => {
  const { cookie, c } = await person('sender');
  const other = await person('other');
  const size = 300000;
  const { upload } = await c.must('upload', { size, name: 'a.bin' });
  const bytes = Array.from({ length: size }, (_, i) => String.fromCharCode(i * 7 % 251)).join('');
  const at = `/api/upload/${upload}`;
  for (const who of ['', other.cookie, 'madang=x']) {
    assert.equal((await file('PUT', at, who, bytes.slice(0, 10), `Content-Range: bytes 0-9/${size}\r\n`)).status, 404);
    assert.equal((await file('HEAD', at, who)).status, 404);
  }
  const broken = await connect(server);
  broken.send(`PUT ${at} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\nCookie: ${cookie}\r\n`
    + `Content-Length: ${size}\r\nExpect: 100-continue\r\n\r\n`);
  assert.match((await broken.response()).head, /^HTTP\/1\.1 100 /);
  broken.send(bytes.slice(0, 200000));
  await server.get('/healthz');
  let have = 0;
  for (let n = 0; n < 200 && have < 3 * 65536; n++)
    have = Number(/upload-offset: (\d+)/i.exec((await file('HEAD', at, cookie)).head)?.[1]);
  assert.equal(have, 3 * 65536);
  broken.reset();
  const wrong = await file('PUT', at, cookie, bytes.slice(5), `Content-Range: bytes 5-${size - 1}/${size}\r\n`);
  assert.equal(wrong.status, 409);
  assert.deepEqual(JSON.parse(wrong.body.toString()), { have, size });
  const rest = await file('PUT', at, cookie, bytes.slice(have), `Content-Range: bytes ${have}-${size - 1}/${size}\r\n`);
  assert.equal(rest.status, 200, rest.body.toString());
  assert.deepEqual(JSON.parse(rest.body.toString()), { upload, have: size, size });
  assert.equal((await other.c.ask('upload_end', { upload })).code, 'unknown');
  await c.must('upload_end', { upload });
  assert.equal((await file('HEAD', at, cookie)).status, 404);
  c.ws?.close();
  other.c.ws?.close();
});

test('what is still on its way of an upload that was dropped leaves nothing on the disk', async () => {
  const { cookie, c } = await person('late');
  const size = 200000;
  const { upload } = await c.must('upload', { size });
  const late = await connect(server);
  late.send(`PUT /api/upload/${upload} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\nCookie: ${cookie}\r\n`
    + `Content-Length: ${size}\r\nExpect: 100-continue\r\n\r\n`);
  assert.match((await late.response()).head, /^HTTP\/1\.1 100 /);
  await c.must('upload_end', { upload });
  late.send('x'.repeat(size));
  assert.equal((await late.response()).status, 404);
  const folder = path.join(server.data, 'files', 'upload');
  const left = (await Promise.all((await readdir(folder)).map((d) => readdir(path.join(folder, d))))).flat();
  assert.deepEqual(left, []);
  for (const bad of [{ name: 'a\n1\x1f0' }, { mime: 'a/b\x1f' }])
    assert.equal((await c.ask('upload', { size: 1, ...bad })).code, 'bad_request');
  c.ws?.close();
});

test('uploads have limits', async () => {
  const { cookie, c } = await person('greedy');
  assert.equal((await c.ask('upload', { size: 2 ** 20 + 1 })).code, 'too_long');
  assert.equal((await c.ask('upload', { size: 0 })).code, 'bad_request');
  const { upload } = await c.must('upload', { size: 2 ** 20 });
  await c.must('upload', { size: 2 ** 20 });
  assert.equal((await c.ask('upload', { size: 1 })).code, 'store_full');
  const at = `/api/upload/${upload}`;
  assert.equal((await file('PUT', at, cookie, 'x'.repeat(10), 'Content-Range: bytes 0-9/10\r\n')).status, 409);
  assert.equal((await file('PUT', at, cookie, 'x', 'Content-Range: bytes 0-0/99999999999\r\n')).status, 413);
  const chunked = await ask(server, `PUT ${at} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\nCookie: ${cookie}\r\n`
    + 'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n');
  assert.equal(chunked.status, 411);
  const foreign = await ask(server, `PUT ${at} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: http://evil.example\r\nCookie: ${cookie}\r\n`
    + 'Content-Length: 1\r\n\r\nx');
  assert.equal(foreign.status, 403);
  const slow = await connect(server);
  slow.send(`PUT ${at} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\nCookie: ${cookie}\r\nContent-Length: ${2 ** 20}\r\n\r\nx`);
  assert.equal((await slow.response()).status, 408);
  c.ws?.close();
});

/** The head of a PNG of that size, and something behind it that is none. @param {number} size @param {string} [more] */
function png(size, more = '') {
  const n = Buffer.alloc(4);
  n.writeUInt32BE(size);
  return `\x89PNG\r\n\x1a\n\0\0\0\rIHDR${n.toString('latin1').repeat(2)}\x08\x06\0\0\0${more}`;
}

test('a picture is what it says, and never a page', async () => {
  const { cookie, c } = await person('painter');
  const viewer = await person('viewer');
  const send = async (/** @type {string} */ bytes, /** @type {string} */ mime) => {
    const { upload } = await c.must('upload', { size: bytes.length, mime, name: 'me.png' });
    assert.equal((await file('PUT', `/api/upload/${upload}`, cookie, bytes)).status, 200);
    return upload;
  };
  const me = JSON.parse((await ask(server, post('me', '{}', { more: `Cookie: ${cookie}\r\n` }))).body.toString()).user.user;
  const page = '<script>alert(1)</script>';
  for (const [small, mime] of [[page, 'image/png'], [`<svg xmlns="http://www.w3.org/2000/svg">${page}</svg>`, 'image/svg+xml'],
    [png(97), 'image/png'], [`GIF89a\x60\0\x60\0${page}`, 'image/gif']])
    assert.equal((await c.ask('avatar', { upload: { small: await send(small, mime), large: await send(png(512), 'image/png') } })).code,
      'bad_picture');
  const polyglot = png(96, page); /* begins as a picture: is never anything else */
  const { avatar } = await c.must('avatar', { upload: { small: await send(polyglot, 'text/html'), large: await send(png(512), 'text/html') } });
  assert.ok(avatar > 0);
  await c.event((m) => m.type === 'me' && m.user.avatar === avatar, 'me');
  for (const who of [cookie, viewer.cookie]) {
    const r = await file('GET', `/api/avatar/${me}/96?${avatar}`, who);
    assert.equal(r.status, 200);
    assert.equal(r.body.toString('latin1'), polyglot);
    for (const field of [/^content-type: image\/png\r$/im, /^x-content-type-options: nosniff\r$/im, /^content-disposition: inline\r$/im,
      /^content-security-policy: sandbox; default-src 'none'\r$/im, /^cross-origin-resource-policy: same-origin\r$/im, /^cache-control: private,/im])
      assert.match(r.head, field);
  }
  assert.equal((await file('GET', `/api/avatar/${me}/96`, '')).status, 404);
  const part = await file('GET', `/api/avatar/${me}/512`, viewer.cookie, '', 'Range: bytes=1-3\r\n');
  assert.equal(part.status, 206);
  assert.equal(part.body.toString(), 'PNG');
  await server.restart();
  assert.equal((await file('GET', `/api/avatar/${me}/512`, viewer.cookie)).body.toString('latin1'), png(512), 'it is kept');
  assert.deepEqual(await readdir(path.join(server.data, 'files', 'upload')).then((l) => Promise.all(l.map((d) =>
    readdir(path.join(server.data, 'files', 'upload', d)))).then((all) => all.flat())), [], 'and what was on its way is not');
});

test('a file of a message is saved, not run, and only where it was sent', async () => {
  const { cookie, c } = await person('writer');
  const reader = await person('reader');
  const stranger = await person('stranger');
  const page = '<script>alert(document.cookie)</script>';
  const { upload } = await c.must('upload', { size: page.length, mime: 'text/html', name: '가 "b".html' });
  assert.equal((await file('PUT', `/api/upload/${upload}`, cookie, page)).status, 200);
  const sent = await c.must('attach', { upload });
  assert.equal((await reader.c.ask('attach', { upload })).code, 'unknown');
  const at = `/api/file/${sent.file}`;
  assert.equal((await file('GET', at, reader.cookie)).status, 404);
  const to = JSON.parse((await ask(server, post('me', '{}', { more: `Cookie: ${reader.cookie}\r\n` }))).body.toString()).user.user;
  const { conv } = await c.must('conv_open', { user: to });
  await c.must('send', { conv: conv.conv ?? conv, client: '1', text: 'look', files: [sent.file] });
  for (const who of [cookie, reader.cookie]) {
    const r = await file('GET', at, who);
    assert.equal(r.status, 200);
    assert.equal(r.body.toString(), page);
    assert.match(r.head, /^content-type: application\/octet-stream\r$/im);
    assert.match(r.head, /^content-disposition: attachment; filename\*=UTF-8''%EA%B0%80%20%22b%22\.html\r$/im);
    assert.match(r.head, /^content-security-policy: sandbox;/im);
  }
  for (const who of [stranger.cookie, '']) assert.equal((await file('GET', at, who)).status, 404);
  await call(server, 'sign_out', {}, { cookie: reader.cookie });
  assert.equal((await file('GET', at, reader.cookie)).status, 404);
});

test('a path in place of an id finds nothing', async () => {
  const { cookie, c } = await person('walker');
  const ups = ['..', '../..', '../../madang.db', '%2e%2e', '%2e%2e%2f%2e%2e%2fmadang.db', '..%2f..%2fca.key', '....//', '/etc/passwd', '//etc/passwd',
    '0000000000000', '0000000000001%00', '0000000000001/..', '0000000000001/../../../madang.db', '\\..\\..', '0000000000001;x', 'file', '*'];
  for (const up of ups) {
    for (const at of [`/api/file/${up}`, `/api/avatar/${up}/96`, `/api/avatar/0000000000001/${up}`]) {
      const r = await file('GET', at, cookie);
      assert.ok(r.status === 404 || r.status === 400, `${at}: ${r.status}`);
    }
    const r = await file('PUT', `/api/upload/${up}`, cookie, 'x');
    assert.ok(r.status === 404 || r.status === 400, `${up}: ${r.status}`);
  }
  assert.deepEqual((await readdir(path.join(server.data, 'files'))).sort(), ['avatar', 'export', 'file', 'upload']);
  c.ws?.close();
});

test('what is not there and what one may not have look the same', async () => {
  const { cookie, c } = await person('curious');
  const strip = (/** @type {{head: string, body: Buffer}} */ r) => r.head.replace(/^date: .*\r\n/im, '') + r.body;
  const me = JSON.parse((await ask(server, post('me', '{}', { more: `Cookie: ${cookie}\r\n` }))).body.toString()).user.user;
  const answers = [await file('GET', `/api/avatar/${me}/96`, cookie), await file('GET', '/api/avatar/0123456789abc/96', cookie),
    await file('GET', `/api/avatar/${me}/96`, ''), await file('GET', '/api/file/0123456789abc', cookie), await file('GET', '/api/file/0123456789abc', '')];
  for (const r of answers) {
    assert.equal(r.status, 404);
    assert.equal(strip(r), strip(answers[0]));
  }
  c.ws?.close();
});
