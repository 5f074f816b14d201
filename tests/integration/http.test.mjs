// The web edge of the real program, over raw sockets: pages, caching, TLS, pipes, draining.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { startServer, sleep } from '../lib/server.mjs';
import { ask, connect, frame, hostOf, opening, RawWs } from '../lib/raw.mjs';

/** @type {import('../lib/server.mjs').Server} */
let server;
/** @type {import('../lib/server.mjs').Server} */
let secure;

before(async () => {
  [server, secure] = await Promise.all([startServer(), startServer({ tls: true })]);
});
after(async () => {
  for (const s of [server, secure])
    if (s) assert.deepEqual(await s.stop(), { code: 0, signal: null }, s.log());
});

/** @param {string} path @param {string} [fields] @param {import('../lib/server.mjs').Server} [s] */
const get = (path, fields = '', s = server) => ask(s, `GET ${path} HTTP/1.1\r\nHost: ${hostOf(s)}\r\n${fields}\r\n`);

test('the page, its parts, and how they may be cached', async () => {
  const page = await get('/');
  assert.equal(page.status, 200);
  assert.match(page.head, /^content-security-policy: default-src 'none'; script-src 'self';/im);
  assert.doesNotMatch(page.head, /unsafe/i);
  const html = page.body.toString();
  const asset = /"(\/a\/[0-9a-f]{16}\/[^"]+\.js)"/.exec(html)?.[1];
  assert.ok(asset, html);
  const etag = /^etag: (.*)\r$/im.exec(page.head)?.[1];
  assert.equal((await get('/', `If-None-Match: ${etag}\r\n`)).status, 304);
  assert.equal((await get('/r/0a1b2c3d4e5f6')).body.toString(), html);

  const raw = await get(asset);
  assert.match(raw.head, /cache-control: .*immutable/i);
  assert.match(raw.head, /content-type: text\/javascript/i);
  const packed = await get(asset, 'Accept-Encoding: gzip\r\n');
  if (/content-encoding: gzip/i.test(packed.head)) assert.deepEqual(gunzipSync(packed.body), raw.body);
  const part = await get(asset, 'Range: bytes=2-5\r\n');
  assert.equal(part.status, 206);
  assert.deepEqual(part.body, raw.body.subarray(2, 6));
  const head = await ask(server, `HEAD ${asset} HTTP/1.1\r\nHost: x\r\n\r\n`, { head: true });
  assert.equal(head.status, 200);
  assert.match(head.head, new RegExp(`content-length: ${raw.body.length}`, 'i'));
  assert.equal((await get('/nothing')).status, 404);
});

test('requests on one connection are answered in order', async () => {
  const c = await connect(server);
  c.send('GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  for (const status of [404, 200, 200]) assert.equal((await c.response()).status, status);
  await c.end();
});

test('a reader of one byte at a time gets the same page', async () => {
  const whole = (await get('/')).body;
  const c = await connect(server);
  for (const ch of `GET / HTTP/1.1\r\nHost: x\r\n\r\n`) {
    c.send(ch);
    await sleep(1);
  }
  assert.deepEqual((await c.response()).body, whole);
  c.close();
});

test('health, metrics, and who may see them', async () => {
  const health = await get('/healthz');
  assert.equal(health.status, 200);
  assert.equal(JSON.parse(health.body.toString()).status, 'ok');
  const metrics = await get('/metrics');
  assert.equal(metrics.status, 200);
  const text = metrics.body.toString();
  assert.match(text, /^# TYPE madang_http_responses_total counter$/m);
  assert.match(text, /^madang_http_responses_total\{code="2xx"\} [1-9]/m);
  for (const f of ['X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1', 'Via: 1.1 x', 'X-Real-IP: 127.0.0.1'])
    assert.equal((await get('/metrics', `${f}\r\n`)).status, 403, f);
});

test('TLS: redirect, the CA, no HSTS for a certificate of our own', async () => {
  const there = await ask(secure, `GET /r/x?y=z HTTP/1.1\r\nHost: ${hostOf(secure)}\r\n\r\n`, { plain: true });
  assert.equal(there.status, 308);
  assert.match(there.head, new RegExp(`^location: https://${hostOf(secure)}/r/x\\?y=z\r$`, 'im'));
  const ca = await ask(secure, 'GET /ca.crt HTTP/1.1\r\nHost: x\r\n\r\n', { plain: true });
  assert.equal(ca.status, 200);
  assert.match(ca.head, /content-type: application\/x-x509-ca-cert/i);
  const page = await get('/', '', secure);
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.head, /strict-transport-security/i);
  const ws = await RawWs.open(secure, { Origin: secure.url });
  ws.say({ type: 'hello', id: 1, v: 1, name: 'Mina' });
  assert.equal((await ws.message()).type, 'ack');
  ws.close();
});

test('WebSocket: hello, origin, subprotocol, ping, close', async () => {
  const ws = await RawWs.open(server, { Origin: server.url });
  ws.say({ type: 'hello', id: 1, v: 1, name: 'Mina' });
  const ack = await ws.message();
  assert.equal(ack.type, 'ack');
  assert.equal(ack.id, 1);
  assert.equal(ack.name, 'Mina');
  ws.raw.send(frame(0x89, 'still there?'));
  assert.deepEqual(await ws.next(), { op: 10, payload: Buffer.from('still there?') });
  ws.raw.send(frame(0x88, Buffer.from([3, 232])));
  assert.equal(await ws.closeCode(), 1000);
  await ws.raw.end();
  for (const fields of [{ Origin: 'http://evil.example' }, { Origin: 'null' }])
    assert.equal((await ask(server, opening(server, fields))).status, 403);
  assert.equal((await ask(server, opening(server, { 'Sec-WebSocket-Protocol': 'chat' }))).status, 400);
  assert.equal((await ask(server, opening(server, { 'Sec-WebSocket-Version': '8' }))).status, 426);
});

/** @param {object} hello */
const early = (hello) => ({ 'Sec-WebSocket-Protocol':
  `madang.v1.hello, madang.v1, hello.${Buffer.from(JSON.stringify(hello)).toString('base64url')}` });

test('WebSocket: hello goes with the request', async () => {
  for (const s of [server, secure]) {
    const ws = await RawWs.open(s, early({ type: 'hello', id: 1, v: 1, name: '민아' }));
    const ack = await ws.message();
    assert.deepEqual([ack.type, ack.id, ack.name], ['ack', 1, '민아']);
    ws.say({ type: 'create', id: 2, title: 'Attic' });
    assert.equal((await ws.message()).id, 2);
    ws.close();
  }
  const bad = await RawWs.open(server, early({ type: 'hello', id: 1, v: 99 }));
  assert.equal((await bad.message()).code, 'version');
  bad.say({ type: 'hello', id: 1, v: 1 });
  assert.equal((await bad.message()).type, 'ack');
  bad.close();
  assert.equal((await ask(server, opening(server, { ...early({ type: 'hello', id: 1, v: 1 }), Origin: 'null' }))).status, 403);
});

/** Reads events off a chunked stream. @param {import('../lib/raw.mjs').Raw} c */
async function nextEvent(c) {
  for (;;) {
    const text = await c.until(() => {
      const at = c.buf.indexOf('\r\n');
      if (at < 0) return undefined;
      const n = parseInt(c.buf.subarray(0, at).toString(), 16);
      if (c.buf.length < at + 2 + n + 2) return undefined;
      const chunk = c.buf.subarray(at + 2, at + 2 + n).toString();
      c.buf = c.buf.subarray(at + 2 + n + 2);
      return chunk;
    });
    if (text !== ':\n\n') return text;
  }
}

/** @param {string} key @param {string} tab @param {object} message */
const post = (key, tab, message) => {
  const body = JSON.stringify(message);
  return ask(server, `POST /api/send/${key}/${tab} HTTP/1.1\r\nHost: ${hostOf(server)}\r\nOrigin: ${server.url}\r\n` +
    `Content-Type: text/plain;charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

test('event stream: two tabs, requests that overtake each other, resume after a break', async () => {
  const key = 'streamstreamstream-_12';
  assert.equal((await post(key, 'a', { type: 'hello', id: 1, v: 1 })).status, 404);
  const c = await connect(server);
  c.send(`GET /api/stream/${key} HTTP/1.1\r\nHost: ${hostOf(server)}\r\n\r\n`);
  const head = await c.response();
  assert.equal(head.status, 200);
  assert.match(head.head, /content-type: text\/event-stream/i);
  assert.equal((await post(key, 'a', { type: 'hello', id: 1, v: 1, name: 'Ann' })).status, 202);
  const first = await nextEvent(c);
  assert.match(first, /^event: a\nid: 1\ndata: \{"type":"ack","id":1,/);
  const ack = JSON.parse(first.split('data: ')[1]);
  assert.equal((await post(key, 'b', { type: 'hello', id: 1, v: 1, name: 'Ben' })).status, 202);
  assert.match(await nextEvent(c), /^event: b\nid: 1\ndata: /);
  // 3 before 2
  assert.equal((await post(key, 'a', { type: 'name', id: 3, name: 'Third' })).status, 202);
  assert.equal((await post(key, 'a', { type: 'name', id: 2, name: 'Second' })).status, 202);
  const both = await nextEvent(c);
  assert.match(both, /^event: a\nid: 2\ndata: .*"id":2.*\n\nevent: a\nid: 3\ndata: .*"id":3/);
  c.reset();
  await sleep(100);
  assert.equal((await post(key, 'a', { type: 'ping', seq: 3 })).status, 404);
  const again = await connect(server);
  again.send(`GET /api/stream/${key} HTTP/1.1\r\nHost: ${hostOf(server)}\r\n\r\n`);
  assert.equal((await again.response()).status, 200);
  assert.equal((await post(key, 'a', { type: 'resume', v: 1, token: ack.token, seq: 2 })).status, 202);
  const resumed = await nextEvent(again);
  assert.match(resumed, /^event: a\ndata: \{"type":"resumed",.*"last_id":3/);
  assert.match(resumed, /event: a\nid: 3\ndata: /);
  again.close();
});

test('long-poll: answers when there is news, keeps the pipe in between', async () => {
  const key = 'pollpollpollpollpoll12';
  const c = await connect(server);
  const poll = () => c.send(`GET /api/stream/${key}?poll=1 HTTP/1.1\r\nHost: ${hostOf(server)}\r\n\r\n`);
  poll();
  await sleep(50);
  assert.equal((await post(key, 'a', { type: 'hello', id: 1, v: 1, name: 'Ann' })).status, 202);
  const r = await c.response();
  assert.match(r.body.toString(), /^event: a\nid: 1\ndata: \{"type":"ack"/);
  assert.equal((await post(key, 'a', { type: 'name', id: 2, name: 'Anne' })).status, 202);
  await sleep(300);
  poll();
  assert.match((await c.response()).body.toString(), /id: 2\ndata: \{"type":"ack","id":2/);
  c.close();
});

test('the library for other pages has an address that stays, open to other origins', async () => {
  const moved = await server.get('/sdk/madang.js', { headers: { Origin: 'https://elsewhere.example' } });
  assert.equal(moved.status, 302);
  assert.equal(moved.headers['access-control-allow-origin'], '*');
  const to = moved.headers.location ?? '';
  assert.match(to, /^\/a\/[0-9a-f]+\/sdk\/madang\.js$/);
  const file = await server.get(to);
  assert.equal(file.status, 200);
  assert.equal(file.headers['access-control-allow-origin'], '*');
  assert.match(file.body.toString(), /from '\.\.\//);
  assert.equal((await server.get('/')).headers['access-control-allow-origin'], '*');
});

test('a head that does not come is 408 although bytes drip, silence is closed', async () => {
  const slow = await connect(server);
  const silent = await connect(server);
  const drip = setInterval(() => slow.send('x'), 500);
  slow.send('GET / HTTP/1.1\r\nX: ');
  const r = await slow.response({ ms: 30_000 });
  clearInterval(drip);
  assert.equal(r.status, 408);
  await silent.end(30_000);
});

test('draining: pipes are told, new ones are not taken, the exit is 0 as soon as all have left', async () => {
  const s = await startServer({ args: ['--drain', '60s'] }); // stop() would not wait so long
  const ws = await RawWs.open(s);
  ws.say({ type: 'hello', id: 1, v: 1 });
  await ws.message();
  const idle = await connect(s);
  idle.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await idle.response();
  const stopped = s.stop();
  assert.equal((await ws.message()).type, 'closing');
  assert.equal(await ws.closeCode(), 1001);
  await idle.end();
  ws.close();
  assert.deepEqual(await stopped, { code: 0, signal: null }, s.log());
});
