// What hostile clients send: over two hundred cases by hand, each with what the server must answer, and
// random ones made from a seed by breaking good ones.
import { frame } from './raw.mjs';

/** @typedef {{name: string, bytes: string | Buffer, status: number}} HttpCase */
/** @typedef {{name: string, bytes: Buffer, code: number}} WsCase the close code that must come */
/** @typedef {{name: string, message: string | Buffer, error: string}} MessageCase the error that must come */

const H = 'Host: h\r\n';
const KEY = 'AAAAAAAAAAAAAAAAAAAAAA';

/** @returns {HttpCase[]} */
export function httpCases() {
  /** @type {HttpCase[]} */
  const out = [];
  /** @param {number} status @param {...string} texts */
  const add = (status, ...texts) => {
    for (const bytes of texts) out.push({ name: JSON.stringify(bytes.slice(0, 150)), bytes, status });
  };
  const get = (/** @type {string} */ fields) => `GET / HTTP/1.1\r\n${fields}\r\n`;
  const post = (/** @type {string} */ fields, body = '') => `POST /api/send/${KEY}/t HTTP/1.1\r\n${H}${fields}\r\n${body}`;

  // lines
  add(400, 'GET / HTTP/1.1\nHost: h\n\n', 'GET / HTTP/1.1\r\nHost: h\n\r\n', 'GET / HTTP/1.1\r\nHost: h\r\n\n',
    '\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n', '\nGET / HTTP/1.1\r\nHost: h\r\n\r\n', get(`${H}X: a\rb\r\n`),
    get(`${H}X: a\r\r\n`), 'GET / HTTP/1.1\r\r\nHost: h\r\n\r\n', ' GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  // request line
  add(400, 'GET  / HTTP/1.1\r\nHost: h\r\n\r\n', 'GET /  HTTP/1.1\r\nHost: h\r\n\r\n', 'GET / HTTP/1.1 \r\nHost: h\r\n\r\n',
    'GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n', 'GET /\r\n\r\n', 'GET\r\n\r\n', '/ HTTP/1.1\r\nHost: h\r\n\r\n',
    'G@T / HTTP/1.1\r\nHost: h\r\n\r\n', 'GET / http/1.1\r\nHost: h\r\n\r\n', 'GET / HTTP/1\r\nHost: h\r\n\r\n',
    'GET / HTTP/1.1a\r\nHost: h\r\n\r\n', 'GET / HTTP/ 1.1\r\nHost: h\r\n\r\n', 'GET / HTTP/1.\r\nHost: h\r\n\r\n',
    'GET \xff HTTP/1.1\r\nHost: h\r\n\r\n', 'GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n', 'GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n', 'GET x HTTP/1.1\r\nHost: h\r\n\r\n', 'GET * HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n', 'GET http:// HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n', 'GET http://h:99999/ HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n', 'GET //\x7f HTTP/1.1\r\nHost: h\r\n\r\n', 'GET / HTTP/1,1\r\nHost: h\r\n\r\n');
  add(505, 'GET / HTTP/2.0\r\nHost: h\r\n\r\n', 'GET / HTTP/0.9\r\n\r\n', 'GET / HTTP/1.2\r\nHost: h\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  add(501, 'BREW / HTTP/1.1\r\nHost: h\r\n\r\n', 'get / HTTP/1.1\r\nHost: h\r\n\r\n', 'TRACE / HTTP/1.1\r\nHost: h\r\n\r\n',
    'CONNECT h:22 HTTP/1.1\r\nHost: h\r\n\r\n', 'PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n', 'GETGET / HTTP/1.1\r\nHost: h\r\n\r\n');
  add(414, `GET /${'a'.repeat(5000)} HTTP/1.1\r\nHost: h\r\n\r\n`, `GET /${'a'.repeat(100000)}`, `${'A'.repeat(5000)} / HTTP/1.1\r\n\r\n`,
    `GET /?${'%41'.repeat(2000)} HTTP/1.1\r\n\r\n`);
  add(431, get(`${H}X: ${'a'.repeat(17000)}\r\n`), get(H + 'A: b\r\n'.repeat(64)), get(H + 'A: b\r\n'.repeat(5000)),
    get(`${H}${'a'.repeat(17000)}: b\r\n`), `${get(H).slice(0, -2)}X: ${'y'.repeat(20000)}`);
  // Host
  add(400, get(''), get(H + H), get('Host: h\r\nhost: h\r\n'), get('Host:\r\n'), get('Host: a b\r\n'), get('Host: a,b\r\n'),
    get('Host: a/b\r\n'), get('Host: u@h\r\n'), get('Host: h:\r\n'), get('Host: h:x\r\n'), get('Host: h:70000\r\n'),
    get('Host: [::1\r\n'), get('Host: ::1\r\n'), get('Host: [zz]\r\n'), get('Host: h\x00\r\n'), get('Host: \xff\r\n'),
    get(`Host: ${'h'.repeat(300)}\r\n`), get('Host: h"><script>\r\n'));
  // fields
  add(400, get(`${H}Host : h\r\n`), get('Host : h\r\n'), get(`${H}X\t: a\r\n`), get(` ${H}`), get(`${H}X: a\r\n b\r\n`),
    get(`${H}X: a\r\n\tb\r\n`), get(`${H}: a\r\n`), get(`${H}X\r\n`), get(`${H}X Y: a\r\n`), get(`${H}X\xff: a\r\n`),
    get(`${H}X: a\x00b\r\n`), get(`${H}X: \x1b[31m\r\n`), get(`${H}X: a\x7f\r\n`), get(`${H}(x): a\r\n`), get(`${H}"x": a\r\n`),
    get(`${H}X: a\x0bb\r\n`), get(`${H}X[]: a\r\n`));
  // length of the body: request smuggling
  add(400, post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x'), post('Content-Length: 1\r\nContent-Length: 2\r\n', 'x'),
    post('Content-Length: 1, 1\r\n', 'x'), post('Content-Length: +1\r\n', 'x'), post('Content-Length: -1\r\n', 'x'),
    post('Content-Length: 0x1\r\n', 'x'), post('Content-Length: 1e1\r\n'), post('Content-Length: \r\n'), post('Content-Length: 1 1\r\n'),
    post('Content-Length: 99999999999999999999\r\n'), post('Content-Length: 18446744073709551616\r\n'), post('Content-Length: 1;\r\n', 'x'),
    post('Content-Length: \xb2\r\n'), post('Content-Length : 1\r\n', 'x'),
    post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'),
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'),
    post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), post('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n'),
    post(' Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), post('X: y\r\n Transfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    `POST /api/send/${KEY}/t HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `GET / HTTP/1.1\r\n${H}Content-Length: 30\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n      `,
    `GET / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, `DELETE / HTTP/1.1\r\n${H}Content-Length: 1\r\n\r\nx`);
  add(501, post('Transfer-Encoding: gzip\r\n'), post('Transfer-Encoding: gzip, chunked\r\n'), post('Transfer-Encoding: chunked, gzip\r\n'),
    post('Transfer-Encoding: chunked, chunked\r\n'), post('Transfer-Encoding: xchunked\r\n'), post('Transfer-Encoding: "chunked"\r\n'),
    post('Transfer-Encoding: identity\r\n'), post('Transfer-Encoding: chunked;q=1\r\n'), post('Transfer-Encoding:\r\n'),
    post('Transfer-Encoding: \x0cchunked\r\n'.replace('\x0c', 'x')));
  add(411, `POST /api/send/${KEY}/t HTTP/1.1\r\n${H}\r\n`);
  add(413, post('Content-Length: 70001\r\n'), post('Content-Length: 999999999999\r\n'), post('Transfer-Encoding: chunked\r\n', '11171\r\n'),
    post('Transfer-Encoding: chunked\r\n', 'ffffffffffffffff\r\n'), post('Transfer-Encoding: chunked\r\n', '1\r\nx\r\n11170\r\n'));
  const chunked = 'Transfer-Encoding: chunked\r\n';
  add(400, post(chunked, '1\nx\r\n0\r\n\r\n'), post(chunked, '1\r\nxy\r\n0\r\n\r\n'), post(chunked, '1\r\nx\n0\r\n\r\n'), post(chunked, 'g\r\n'),
    post(chunked, ' 1\r\nx\r\n'), post(chunked, '1 \r\nx\r\n'), post(chunked, '0x1\r\nx\r\n'), post(chunked, '-1\r\nx\r\n'),
    post(chunked, '+1\r\nx\r\n'), post(chunked, '\r\n'), post(chunked, '00000000000000001\r\nx\r\n'), post(chunked, '10000000000000000\r\n'),
    post(chunked, `1;${'a'.repeat(300)}\r\nx\r\n`), post(chunked, '1;a\x00\r\nx\r\n'), post(chunked, `0\r\n${'X: y\r\n'.repeat(1000)}\r\n`),
    post(chunked, '0\r\n X: y\r\n\r\n'), post(chunked, '0\r\n: y\r\n\r\n'), post(chunked, '0\r\nX: y\n\r\n'), post(chunked, '1\r\nx0\r\n\r\n'));
  add(417, post('Expect: 200-ok\r\nContent-Length: 1\r\n'), post('Expect: 100-continue, x\r\nContent-Length: 1\r\n'));
  // paths
  add(404, ...['/../../etc/passwd', '/a/../index.html', '/%2e%2e/etc/passwd', '/a/0000000000000000/main.js', '/a/', '/a//', '/a/x', '/r/',
    '/r/a/b', '/.git/config', '/index.html%00.png', '/index.html/', '//index.html', '/INDEX.HTML', '/index.html~', '/wp-login.php',
    '/api', '/api/', '/api/ws/', '/api/stream/', '/api/stream/short', `/api/stream/${KEY}x`, `/api/stream/${KEY}/`, '/api/stream/AAAAAAAAAAAAAAAAAAAA%41A',
    '/metrics/', '/healthz/x', '/;/', '/~root', `/r/${'x'.repeat(100)}`].map((p) => `GET ${p} HTTP/1.1\r\n${H}\r\n`));
  add(404, ...[`${KEY}`, `${KEY}/`, `${KEY}/a/b`, `${KEY}/${'a'.repeat(17)}`, `${KEY}/-`, `x/t`, `${KEY}/t`].map((p) =>
    `POST /api/send/${p} HTTP/1.1\r\n${H}Content-Length: 2\r\n\r\n{}`));
  add(405, `POST / HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`, `PUT /index.html HTTP/1.1\r\n${H}\r\n`, `DELETE /api/ws HTTP/1.1\r\n${H}\r\n`,
    `GET /api/send/${KEY}/t HTTP/1.1\r\n${H}\r\n`, `POST /metrics HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, `OPTIONS * HTTP/1.1\r\n${H}\r\n`,
    `PATCH /healthz HTTP/1.1\r\n${H}\r\n`, `HEAD /api/ws HTTP/1.1\r\n${H}\r\n`);
  // openings of a WebSocket
  const ws = { U: 'Upgrade: websocket\r\n', C: 'Connection: Upgrade\r\n', V: 'Sec-WebSocket-Version: 13\r\n',
    K: 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', P: 'Sec-WebSocket-Protocol: madang.v1\r\n' };
  const up = (/** @type {string} */ fields) => `GET /api/ws HTTP/1.1\r\n${H}${fields}\r\n`;
  add(400, up(''), up(ws.U + ws.V + ws.K + ws.P), up(ws.C + ws.V + ws.K + ws.P), up(ws.U + ws.C + ws.V + ws.P), up(ws.U + ws.C + ws.V + ws.K),
    up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.K}${ws.P}`), up(`${ws.U}${ws.C}${ws.V}Sec-WebSocket-Key: short\r\n${ws.P}`),
    up(`${ws.U}${ws.C}${ws.V}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n${ws.P}`), up(`${ws.U}${ws.C}${ws.V}Sec-WebSocket-Key: ${'A'.repeat(24)}\r\n${ws.P}`),
    up(`${ws.U}${ws.C}${ws.V}${ws.K}Sec-WebSocket-Protocol: madang.v2\r\n`), up(`Upgrade: h2c\r\n${ws.C}${ws.V}${ws.K}${ws.P}`),
    `GET /api/ws HTTP/1.0\r\n${H}${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}\r\n`, up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Content-Length: 1\r\n`) + 'x');
  add(426, up(ws.U + ws.C + ws.K + ws.P), up(`${ws.U}${ws.C}Sec-WebSocket-Version: 8\r\n${ws.K}${ws.P}`), up(`${ws.U}${ws.C}Sec-WebSocket-Version: 13, 8\r\n${ws.K}${ws.P}`));
  add(403, up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Origin: http://evil\r\n`), up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Origin: null\r\n`),
    up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Origin: http://h.evil\r\n`), up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Origin: http://h:81\r\n`),
    up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Origin: http://h\r\nOrigin: http://h\r\n`), up(`${ws.U}${ws.C}${ws.V}${ws.K}${ws.P}Origin:\r\n`),
    `GET /api/stream/${KEY} HTTP/1.1\r\n${H}Origin: http://evil\r\n\r\n`, post('Origin: http://evil\r\nContent-Length: 2\r\n', '{}'),
    `GET /metrics HTTP/1.1\r\n${H}X-Forwarded-For: 127.0.0.1\r\n\r\n`, `GET /metrics HTTP/1.1\r\n${H}Via: 1.1 a\r\n\r\n`);
  return out;
}

/** @returns {WsCase[]} */
export function wsCases() {
  /** @type {WsCase[]} */
  const out = [];
  const add = (/** @type {number} */ code, /** @type {string} */ name, /** @type {Buffer[]} */ ...parts) =>
    out.push({ name, code, bytes: Buffer.concat(parts) });
  add(1002, 'not masked', frame(0x81, 'hi', { mask: false }));
  for (const rsv of [0x10, 0x20, 0x40, 0x70]) add(1002, `reserved bits ${rsv}`, frame(0x81 | rsv, 'hi'));
  for (const op of [3, 4, 7, 11, 12, 15]) add(1002, `opcode ${op}`, frame(0x80 | op, 'hi'));
  add(1002, 'continues nothing', frame(0x80, 'hi'));
  add(1002, 'begins in the middle', frame(0x01, 'a'), frame(0x81, 'b'));
  add(1002, 'binary in the middle of text', frame(0x01, 'a'), frame(0x02, 'b'));
  for (const op of [8, 9, 10]) {
    add(1002, `fragmented control ${op}`, frame(op, 'x'));
    add(1002, `long control ${op}`, frame(0x80 | op, 'x'.repeat(126)));
  }
  add(1002, 'length in 2 bytes for no reason', frame(0x81, 'hi', { form: 2 }));
  add(1002, 'length in 8 bytes for no reason', frame(0x81, 'hi', { form: 8 }));
  add(1002, 'length 126 in 8 bytes', frame(0x81, 'x'.repeat(126), { form: 8 }));
  add(1002, 'top bit of the length', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]));
  add(1002, 'close with one byte', frame(0x88, 'x'));
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1100, 2999, 5000, 65535])
    add(1002, `close code ${code}`, frame(0x88, Buffer.from([code >> 8, code & 255])));
  add(1003, 'binary', frame(0x82, 'hi'));
  add(1003, 'empty binary', frame(0x82, ''));
  for (const bad of ['ff', 'c080', 'eda080', 'f4908080', 'e282', '80', 'f888808080'])
    add(1007, `text ${bad}`, frame(0x81, Buffer.from(bad, 'hex')));
  add(1007, 'cut character at the end of fragments', frame(0x01, Buffer.from([0xe2])), frame(0x80, Buffer.from([0x82])));
  add(1007, 'reason of close', frame(0x88, Buffer.from([3, 232, 0xff])));
  add(1009, 'too large', frame(0x81, 'x', { form: 8, length: 70001 }));
  add(1009, 'enormous', Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]));
  add(1009, 'too large in fragments', frame(0x01, 'x'.repeat(40000)), frame(0x80, 'x'.repeat(40000)));
  add(1005, 'close without a code', frame(0x88, ''));
  add(4999, 'close with a private code', frame(0x88, Buffer.from([0x13, 0x87])));
  return out;
}

/** Sent after hello, with id 2 where the text has ID. @returns {MessageCase[]} */
export function messageCases() {
  const deep = '['.repeat(20) + ']'.repeat(20);
  /** @type {[string, string | Buffer][]} */
  const list = [
    ['bad_json', ''], ['bad_json', '{'], ['bad_json', '[]'], ['bad_json', 'null'], ['bad_json', '"x"'], ['bad_json', '{"type":"chat"'],
    ['bad_json', '{"type":"chat","type":"chat"}'], ['bad_json', '{"type":"leave","id":2,"room":"0000000000000"} x'], ['bad_json', '{"type":"chat",}'],
    ['bad_json', `{"type":"chat","x":${deep}}`], ['bad_json', '{"type":"chat","x":NaN}'], ['bad_json', '{"type":"chat","x":1e999}'],
    ['bad_json', '{\'type\':\'chat\'}'], ['bad_json', '{"type":"ch\u0000at"}'], ['bad_json', `${'['.repeat(30000)}`],
    ['unknown_type', '{"type":"__proto__","id":2}'], ['unknown_type', '{"type":"","id":2}'], ['unknown_type', '{"type":"hello2","id":2}'],
    ['bad_id', '{"type":"leave","id":4,"room":"0000000000000"}'], ['bad_request', '{"type":"leave","id":9007199254740993,"room":"0000000000000"}'],
    ['not_in_room', '{"type":"leave","id":2,"room":"0000000000000"}'], ['not_in_room', '{"type":"chat","id":2,"room":"0a1b2c3d4e5f6","text":"hi"}'],
    ['bad_request', '{"type":"chat","id":2,"room":7,"text":"hi"}'], ['room_unknown', '{"type":"join","id":2,"room":"0a1b2c3d4e5f6"}'],
  ];
  return list.map(([error, message]) => ({ error, message, name: `${error}: ${JSON.stringify(message.toString().slice(0, 60))}` }));
}

/** Numbers that follow from a seed (a linear congruential generator is enough here). @param {number} seed */
export function random(seed) {
  let state = BigInt(seed);
  return (/** @type {number} */ below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

/** Breaks bytes in a few places. @param {(n: number) => number} rnd @param {Buffer} bytes */
export function mutate(rnd, bytes) {
  let b = Buffer.from(bytes);
  for (let i = rnd(6) + 1; i > 0; i--) {
    const at = rnd(b.length + 1);
    const byte = () => (rnd(3) ? rnd(256) : [13, 10, 0, 32, 58, 255][rnd(6)]);
    const some = Buffer.from(Array.from({ length: rnd(8) + 1 }, byte));
    switch (rnd(5)) {
      case 0: b = Buffer.concat([b.subarray(0, at), some, b.subarray(at)]); break;
      case 1: b = Buffer.concat([b.subarray(0, at), b.subarray(Math.min(b.length, at + rnd(20)))]); break;
      case 2: if (b.length) b[at % b.length] ^= 1 << rnd(8); break;
      case 3: b = Buffer.concat([b.subarray(0, at), b.subarray(rnd(b.length + 1))]); break;
      default: b = b.subarray(0, at);
    }
  }
  return b.subarray(0, 100000);
}
