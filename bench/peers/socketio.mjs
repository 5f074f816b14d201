// The room protocol on Socket.IO 4 (https://www.npmjs.com/package/socket.io), with its rooms and acks.
import { Server } from 'socket.io';
import { chat, hello, leave, peerOf } from './rooms.mjs';
import { listen, server } from './serve.mjs';

const io = new Server(server, { transports: ['websocket'], serveClient: false, maxHttpBufferSize: 70000,
  perMessageDeflate: false });

io.on('connection', (/** @type {any} */ socket) => {
  const person = socket.data;
  person.socket = socket;
  socket.on('hello', (/** @type {any} */ m, /** @type {any} */ ack) => {
    const { answer, notice } = hello(person, m);
    ack(answer);
    socket.to(m.join.room).emit('entered', notice);
    socket.join(m.join.room);
  });
  socket.on('chat', (/** @type {any} */ m, /** @type {any} */ ack) => {
    if (typeof m.text !== 'string' || m.text.length > 2000) return;
    const event = chat(person, m.text);
    io.to(m.room).emit('chat', event);
    ack({ seq: event.seq });
  });
  socket.on('desc', (/** @type {any} */ m, /** @type {string} */ body, /** @type {any} */ ack) => {
    const to = peerOf(person, m.to);
    if (!to) return;
    to.socket.emit('desc', { room: m.room, from: person.session, conn: m.conn, kind: m.kind }, body);
    ack({});
  });
  socket.on('ping', () => socket.emit('pong'));
  socket.on('disconnect', () => {
    const gone = leave(person);
    if (gone) socket.to(gone.notice.room).emit('left', gone.notice);
  });
});
listen();
