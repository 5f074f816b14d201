// The real program's certificates and TLS: made at the first start, kept, renewed, read again on SIGHUP;
// versions, application protocols, resumption; and the sentences when something is wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { forge, opensslVerify, pemBlocks } from '../lib/ca.mjs';
import { BIN, freePort, freeUdpPort, sleep, startServer } from '../lib/server.mjs';

const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-tls-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/**
 * A handshake and one request, so that the session ticket arrives.
 * @param {import('../lib/server.mjs').Server} server
 * @param {tls.ConnectionOptions} [o]
 * @returns {Promise<{version: string | null, alpn: string | false | null, reused: boolean,
 *   session: Buffer | undefined, fingerprint: string, answer: string}>}
 */
function shake(server, o = {}) {
  return new Promise((resolve, reject) => {
    let answer = '';
    /** @type {Buffer | undefined} */
    let session;
    const socket = tls.connect({ host: server.host, port: server.port, rejectUnauthorized: false, ...o });
    socket.setTimeout(10_000, () => socket.destroy(new Error('timeout')));
    socket.once('error', reject);
    socket.on('session', (s) => { session = s; });
    socket.on('data', (d) => { answer += d; });
    socket.once('secureConnect', () => {
      const found = { version: socket.getProtocol(), alpn: socket.alpnProtocol,
        reused: socket.isSessionReused(), fingerprint: socket.getPeerCertificate().fingerprint256 };
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      socket.once('close', () => resolve({ ...found, session, answer }));
    });
  });
}

/** The certificates that the server sends, as PEM. @param {import('../lib/server.mjs').Server} server */
function chainOf(server) {
  const r = spawnSync('openssl', ['s_client', '-connect', `${server.host}:${server.port}`, '-showcerts'],
    { input: '', encoding: 'utf8', timeout: 10_000 });
  return pemBlocks(r.stdout);
}

/** Waits until fn gives something truthy. @template T @param {() => Promise<T>} fn */
async function until(fn) {
  for (let i = 0; i < 200; i++) {
    const v = await fn();
    if (v) return v;
    await sleep(50);
  }
  throw new Error('it did not happen within 10 s');
}

/** @param {string[]} args */
async function refusedStart(args) {
  const r = spawnSync(BIN, ['--port', `${await freePort()}`, '--udp-port', `${await freeUdpPort()}`, '--listen', '127.0.0.1',
    ...args], { encoding: 'utf8', timeout: 10_000 });
  return { status: r.status, text: r.stdout + r.stderr };
}

/** @param {string} name @param {{key: string, cert: string}} pair */
function asFiles(name, pair) {
  const cert = path.join(dir, `${name}.pem`);
  const key = path.join(dir, `${name}.key`);
  writeFileSync(cert, pair.cert);
  writeFileSync(key, pair.key, { mode: 0o600 });
  return { cert, key };
}

const day = (/** @type {number} */ offset) =>
  `${new Date(Date.now() + offset * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;

test('the certificate of the first start', async (t) => {
  const server = await startServer({ tls: true });
  t.after(() => server.stop());
  const root = String(server.ca);
  const [leaf, issuer] = chainOf(server);
  const mine = Object.values(os.networkInterfaces()).flat().filter((a) => a && a.family === 'IPv4' &&
    !a.address.startsWith('169.254.')); // link-local: nobody can open it by name
  const names = ['localhost', os.hostname()];

  assert.ok(leaf && issuer, 'leaf and issuing certificate are sent');
  for (const name of names) assert.equal(opensslVerify(root, issuer, leaf, ['-verify_hostname', name]), 'OK', name);
  for (const a of ['127.0.0.1', '::1', ...mine.map((m) => String(m?.address))]) {
    assert.equal(opensslVerify(root, issuer, leaf, ['-verify_ip', a]), 'OK', a);
  }
  assert.match(opensslVerify(root, issuer, leaf, ['-verify_hostname', 'google.com']), /[Hh]ostname mismatch/);
  const google = forge(server.data, ['DNS:google.com']);
  assert.match(opensslVerify(root, issuer, google.leaf), /permitted subtree violation/);

  assert.equal(statSync(path.join(server.data, 'tls')).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(server.data, 'tls/ca.pem')).mode & 0o777, 0o600);
  assert.doesNotMatch(root, /PRIVATE/);
  const health = await server.get('/healthz', { ca: root, rejectUnauthorized: true, servername: 'localhost' });
  assert.equal(health.status, 200);
  assert.equal(health.headers['strict-transport-security'], undefined, 'no HSTS: it would take the way past the warning');

  const before = await shake(server);
  await server.restart();
  assert.equal(String(server.ca), root, 'the authority is kept');
  assert.equal((await shake(server)).fingerprint, before.fingerprint, 'so is the certificate');
});

test('versions and application protocols', async (t) => {
  const server = await startServer({ tls: true });
  t.after(() => server.stop());

  assert.equal((await shake(server)).version, 'TLSv1.3');
  assert.equal((await shake(server, { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2');
  await assert.rejects(shake(server, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }));
  await assert.rejects(shake(server, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }), 'no key exchange without forward secrecy');
  assert.equal((await shake(server, { ALPNProtocols: ['http/1.1'] })).alpn, 'http/1.1');
  assert.equal((await shake(server, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'http/1.1');
  await assert.rejects(shake(server, { ALPNProtocols: ['h2'] }), /no application protocol/i);
  const plain = await shake(server);
  assert.equal(plain.alpn, false);
  assert.match(plain.answer, /^HTTP\/1\.1 200 /);
});

test('sessions are resumed, but not across a restart', async (t) => {
  const server = await startServer({ tls: true });
  t.after(() => server.stop());

  for (const maxVersion of /** @type {const} */ (['TLSv1.3', 'TLSv1.2'])) {
    const first = await shake(server, { maxVersion });
    assert.equal(first.reused, false);
    assert.ok(first.session, `${maxVersion}: there is a ticket`);
    const second = await shake(server, { maxVersion, session: first.session });
    assert.equal(second.reused, true, maxVersion);
    assert.match(second.answer, /^HTTP\/1\.1 200 /);
  }
  // A new certificate does not take the tickets away.
  const { session } = await shake(server);
  rmSync(path.join(server.data, 'tls/server.pem'));
  const old = (await shake(server)).fingerprint;
  process.kill(server.pid, 'SIGHUP');
  await until(async () => (await shake(server)).fingerprint !== old);
  assert.equal((await shake(server, { session })).reused, true, 'after SIGHUP');
  // Ticket keys are never written down: an old ticket costs a full handshake, and nothing else.
  await server.restart();
  const again = await shake(server, { session });
  assert.equal(again.reused, false);
  assert.match(again.answer, /^HTTP\/1\.1 200 /);
});

test('a certificate near its end is renewed', async (t) => {
  const server = await startServer({ tls: true });
  t.after(() => server.stop());
  const file = path.join(server.data, 'tls/server.pem');
  const near = forge(server.data, ['DNS:localhost', 'IP:127.0.0.1'], { from: day(-300), to: day(5) });

  writeFileSync(file, near.key + near.cert);
  const before = (await shake(server)).fingerprint;
  process.kill(server.pid, 'SIGHUP');
  await until(async () => (await shake(server)).fingerprint !== before);
  assert.doesNotMatch(readFileSync(file, 'utf8'), new RegExp(near.leaf.split('\n')[2].replace(/[+/]/g, '.')));

  const after = (await shake(server)).fingerprint;
  writeFileSync(file, near.key + near.cert);
  await server.restart();
  const [leaf, issuer] = chainOf(server);
  assert.notEqual((await shake(server)).fingerprint, after);
  assert.equal(opensslVerify(String(server.ca), issuer, leaf, ['-attime', `${Math.floor(Date.now() / 1000) + 31 * 86_400}`]), 'OK');
});

test("the operator's own files, and SIGHUP", async (t) => {
  const maker = await startServer({ tls: true });
  t.after(() => maker.stop());
  const { cert, key } = asFiles('own', forge(maker.data, ['DNS:localhost'], { days: 90 }));
  const server = await startServer({ tls: true, args: ['--tls', 'files', '--cert', cert, '--key', key] });
  t.after(() => server.stop());
  const first = (await shake(server)).fingerprint;

  assert.match(String((await server.get('/healthz')).headers['strict-transport-security']), /max-age=\d+/);
  assert.equal((await server.get('/ca.crt')).status, 404);

  const pair = forge(maker.data, ['DNS:localhost'], { days: 90 });
  writeFileSync(cert, 'not a certificate');
  process.kill(server.pid, 'SIGHUP');
  await server.waitLog(/own\.pem.*cannot be used/);
  assert.equal((await shake(server)).fingerprint, first, 'the old one stays');

  asFiles('own', pair);
  process.kill(server.pid, 'SIGHUP');
  await until(async () => (await shake(server)).fingerprint !== first);
  assert.ok(server.alive());
});

test('HSTS comes and goes with a certificate that browsers trust, by SIGHUP', async (t) => {
  const maker = await startServer({ tls: true });
  t.after(() => maker.stop());
  const own = path.join(dir, 'hsts-own.pem');
  const ownKey = path.join(dir, 'hsts-own.key');
  spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', ownKey, '-out', own]);
  const selfSigned = { cert: readFileSync(own, 'utf8'), key: readFileSync(ownKey, 'utf8') };
  const { cert, key } = asFiles('hsts', selfSigned);
  const server = await startServer({ tls: true, args: ['--tls', 'files', '--cert', cert, '--key', key] });
  t.after(() => server.stop());
  const hsts = async () => (await server.get('/')).headers['strict-transport-security'];
  const change = async (/** @type {{cert: string, key: string}} */ pair) => {
    const before = (await shake(server)).fingerprint;
    asFiles('hsts', pair);
    process.kill(server.pid, 'SIGHUP');
    await until(async () => (await shake(server)).fingerprint !== before);
  };

  assert.equal(await hsts(), undefined);
  await change(forge(maker.data, ['DNS:localhost'], { days: 90 }));
  assert.match(String(await hsts()), /max-age=\d+/);
  await change(selfSigned);
  assert.equal(await hsts(), undefined, 'nobody is kept from the way past the warning');
});

test('what is wrong is said in one sentence, and the start is refused', async (t) => {
  const maker = await startServer({ tls: true });
  t.after(() => maker.stop());
  const a = asFiles('a', forge(maker.data, ['DNS:localhost']));
  const b = asFiles('b', forge(maker.data, ['DNS:localhost']));
  const over = asFiles('over', forge(maker.data, ['DNS:localhost'], { from: day(-40), to: day(-3) }));
  const files = (/** @type {string} */ cert, /** @type {string} */ key) =>
    ['--data', dir, '--tls', 'files', '--cert', cert, '--key', key];
  const damaged = path.join(dir, 'damaged');
  spawnSync('mkdir', ['-p', path.join(damaged, 'tls')]);
  writeFileSync(path.join(damaged, 'tls/ca.pem'), 'rubbish');
  writeFileSync(path.join(dir, 'a-file'), '');

  for (const [args, sentence] of /** @type {[string[], RegExp][]} */ ([
    [files(a.cert, b.key), /the key does not belong to the certificate/],
    [files(over.cert, over.key), /has expired 3 days ago/],
    [files(path.join(dir, 'none.pem'), a.key), /none\.pem cannot be read: No such file/],
    [files(a.key, a.key), /no readable PEM certificate/],
    [['--data', damaged], /ca\.pem is damaged/],
    [['--data', '/proc/madang'], /data folder cannot be made: \/proc\/madang: No such file/],
    [['--data', path.join(dir, 'a-file')], /data folder cannot be written: .*a-file: Not a directory/],
  ])) {
    const r = await refusedStart(args);
    assert.equal(r.status, 1, `${sentence}: status; ${r.text}`);
    assert.match(r.text, sentence);
    assert.equal(r.text.trim().split('\n').length, 1, `one line: ${r.text}`);
  }
});

test('a plain connection that sends rubbish does not disturb', async (t) => {
  const server = await startServer({ tls: true });
  t.after(() => server.stop());
  const tooLong = Buffer.from([0x16, 3, 1, 0xff, 0xff]);
  const noHello = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 40]), Buffer.alloc(40, 7)]);
  for (const bytes of [tooLong, noHello]) {
    const socket = net.connect(server.port, server.host);
    socket.on('error', () => {}).resume();
    socket.end(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  assert.match((await shake(server)).answer, /^HTTP\/1\.1 200 /);
});
