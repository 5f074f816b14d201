// The room protocol on ws (https://www.npmjs.com/package/ws): events are encoded once for all receivers,
// and the body of a description is passed on as bytes.
import { WebSocketServer } from 'ws';
import { chat, hello, leave, peerOf } from './rooms.mjs';
import { listen, server } from './serve.mjs';

const wss = new WebSocketServer({ server, path: '/api/ws', perMessageDeflate: false, maxPayload: 70000 });
const TEXT = { binary: false };

/** @param {Iterable<any>} to @param {string} type @param {object} event */
function tell(to, type, event) {
  const bytes = Buffer.from(JSON.stringify({ type, ...event }));
  for (const p of to) p.send(bytes, TEXT);
}

/** @param {any} ws @param {number} id @param {object} [result] */
function ack(ws, id, result) {
  ws.send(JSON.stringify({ type: 'ack', id, ...result }));
}

/** @param {any} ws @param {Buffer} data */
function onMessage(ws, data) {
  const end = data[data.length - 1] === 0x7d ? -1 : data.indexOf(10);
  const m = JSON.parse(/** @type {any} */ (end < 0 ? data : data.subarray(0, end)));
  switch (m.type) {
    case 'hello': {
      const { answer, notice, others } = hello(ws, m);
      ack(ws, m.id, answer);
      tell(others, 'entered', notice);
      break;
    }
    case 'chat':
      if (typeof m.text !== 'string' || m.text.length > 2000) break;
      tell(ws.room.people.values(), 'chat', chat(ws, m.text));
      ack(ws, m.id, { seq: ws.room.seq });
      break;
    case 'desc': {
      const to = peerOf(ws, m.to);
      if (!to) break;
      const head = Buffer.from(`${JSON.stringify({ type: 'desc', room: m.room, from: ws.session, conn: m.conn, kind: m.kind })}\n`);
      to.send(Buffer.concat([head, data.subarray(end + 1)]), TEXT);
      ack(ws, m.id);
      break;
    }
    case 'ping':
      ws.send('{"type":"pong"}');
      break;
    case 'bye':
      ws.close(1000);
      break;
  }
}

wss.on('connection', (ws) => {
  ws.on('message', (/** @type {Buffer} */ data) => {
    try {
      onMessage(ws, data);
    } catch {
      ws.close(1007);
    }
  });
  ws.on('error', () => {});
  ws.on('close', () => {
    const gone = leave(ws);
    if (gone) tell(gone.others, 'left', gone.notice);
  });
});
listen();
