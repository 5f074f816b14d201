// PORT, and STAY_DIR, STAY_COMMIT, STAY_INDEX: messages that stay, on Socket.IO 4 and better-sqlite3: people who are signed in, rooms with
// members, messages with a number in their room, kept before they are acknowledged or told to anybody. As the driver's
// guide has it: WAL, prepared statements; and synchronous=FULL, since what was acknowledged must survive the loss of
// power. STAY_COMMIT=each: every message is a transaction; batch: the messages that one turn of the loop brought are one.
// STAY_INDEX=off: without the index of words. Less than madang's: no roles, blocks, badges, mentions, replay, files, push.
import { createHash } from 'node:crypto';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Server } from 'socket.io';
import { listen, server } from './serve.mjs';

const { STAY_DIR: dir = '.', STAY_COMMIT: commit, STAY_INDEX: index } = process.env;
const PEOPLE = 1000;
const db = new Database(path.join(dir, 'stay.db'));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`
  CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  CREATE TABLE sign_in (token BLOB PRIMARY KEY, user INTEGER REFERENCES user) WITHOUT ROWID;
  CREATE TABLE room (id TEXT PRIMARY KEY, title TEXT, last_seq INTEGER DEFAULT 0);
  CREATE TABLE member (room TEXT REFERENCES room, user INTEGER REFERENCES user, read_seq INTEGER DEFAULT 0, PRIMARY KEY (room, user));
  CREATE TABLE message (id INTEGER PRIMARY KEY, room TEXT REFERENCES room, seq INTEGER, author INTEGER REFERENCES user, client TEXT,
    time INTEGER, text TEXT, UNIQUE (room, seq), UNIQUE (author, room, client));
  CREATE VIRTUAL TABLE message_words USING fts5(text, content = 'message', content_rowid = 'id');`);

const sql = {
  user: db.prepare('INSERT INTO user VALUES (?, ?)'),
  signIn: db.prepare('INSERT INTO sign_in VALUES (?, ?)'),
  who: db.prepare('SELECT user.id, name FROM sign_in JOIN user ON user.id = sign_in.user WHERE token = ?'),
  room: db.prepare('INSERT OR IGNORE INTO room (id, title) VALUES (?, ?)'),
  member: db.prepare('INSERT OR IGNORE INTO member (room, user) VALUES (?, ?)'),
  isMember: db.prepare('SELECT 1 FROM member WHERE room = ? AND user = ?'),
  had: db.prepare('SELECT seq, time FROM message WHERE author = ? AND room = ? AND client = ?'),
  next: db.prepare('UPDATE room SET last_seq = last_seq + 1 WHERE id = ? RETURNING last_seq').pluck(),
  add: db.prepare('INSERT INTO message (room, seq, author, client, time, text) VALUES (?, ?, ?, ?, ?, ?)'),
  words: db.prepare('INSERT INTO message_words (rowid, text) VALUES (?, ?)'),
  read: db.prepare('UPDATE member SET read_seq = ? WHERE room = ? AND user = ?'),
};
const hash = (/** @type {Uint8Array} */ token) => createHash('sha256').update(token).digest();

/** The same tokens as bench/people/house.c. */
db.transaction(() => {
  for (let id = 1; id <= PEOPLE; id++) {
    const token = Buffer.alloc(32, 7);
    token.writeBigUInt64LE(BigInt(id));
    sql.user.run(id, `person${id}`);
    sql.signIn.run(hash(token), id);
  }
})();

/** Keeps one message; its number and time, and whether it is new. @param {any} person @param {any} m */
function keep(person, m) {
  const had = /** @type {any} */ (sql.had.get(person.id, m.conv, m.client));
  if (had) return { ...had, fresh: false };
  const seq = sql.next.get(m.conv), time = Date.now();
  const { lastInsertRowid } = sql.add.run(m.conv, seq, person.id, m.client, time, m.text);
  if (index !== 'off') sql.words.run(lastInsertRowid, m.text);
  sql.read.run(seq, m.conv, person.id);
  return { seq, time, fresh: true };
}
const keepEach = db.transaction(keep);

/** @param {any} person @param {any} m @param {any} ack @param {{seq: number, time: number, fresh: boolean}} kept */
function tell(person, m, ack, { seq, time, fresh }) {
  ack({ seq, time });
  if (fresh) io.to(m.conv).emit('message', { message: { conv: m.conv, seq, from: person.id, time, text: m.text } });
}

/** @type {[any, any, any][]} */
let waiting = [];
const keepAll = db.transaction(() => waiting.map(([person, m]) => keep(person, m)));
function flush() {
  const kept = keepAll(), told = waiting;
  waiting = [];
  kept.forEach((/** @type {any} */ k, /** @type {number} */ i) => tell(...told[i], k));
}

/** @param {any} person @param {any} m @param {any} ack */
function send(person, m, ack) {
  if (typeof m.text !== 'string' || m.text.length > 4000 || !sql.isMember.get(m.conv, person.id)) return;
  if (commit === 'each') {
    tell(person, m, ack, keepEach(person, m));
  } else if (waiting.push([person, m, ack]) === 1) {
    setImmediate(flush);
  }
}

const io = new Server(server, { transports: ['websocket'], serveClient: false, maxHttpBufferSize: 70000,
  perMessageDeflate: false });
io.use((socket, next) => {
  const value = /(?:^|; )madang=([\w-]{43})(?:;|$)/.exec(socket.request.headers.cookie ?? '')?.[1] ?? '';
  socket.data.person = sql.who.get(hash(Buffer.from(value, 'base64url')));
  next(socket.data.person ? undefined : new Error('not signed in'));
});
io.on('connection', (/** @type {any} */ socket) => {
  const { person } = socket.data;
  socket.on('hello', (/** @type {any} */ m, /** @type {any} */ ack) => ack({ session: socket.id, user: person }));
  socket.on('room_join', (/** @type {any} */ m, /** @type {any} */ ack) => {
    sql.room.run(m.conv, m.conv);
    sql.member.run(m.conv, person.id);
    socket.join(m.conv);
    ack({ conv: { conv: m.conv, title: m.conv } });
  });
  socket.on('send', (/** @type {any} */ m, /** @type {any} */ ack) => send(person, m, ack));
  socket.on('ping', () => socket.emit('pong'));
});
listen();
