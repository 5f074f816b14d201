// The rooms of both peers: the same protocol as madang's (hello and join in one message, notices with
// counts, chat with a sequence and a history, descriptions from one to another), without what madang
// does beyond it (replay, resume, rates, tickets, passwords). How bytes travel is the peer's business.
import { randomBytes } from 'node:crypto';

const HISTORY = 100;
let lastId = 0;

/**
 * @typedef {object} Person
 * @property {string} session
 * @property {string} name
 * @property {Room | null} room
 * @typedef {{id: string, people: Map<string, any>, history: object[], seq: number}} Room
 */

/** @type {Map<string, Room>} */
const rooms = new Map();
/** @type {Map<string, any>} */
export const sessions = new Map();

const LIMITS = { name: 32, chat: 2000, title: 64, message: 70000, rooms_per_session: 8, mesh: 4 };

const participant = (/** @type {Person} */ p) => ({ session: p.session, name: p.name, mic: false, cam: false,
  screen: false, media: false, away: false });

/** The answer to hello, and who has to hear of it. */
export function hello(/** @type {any} */ person, /** @type {any} */ m) {
  person.session = (++lastId).toString(36).padStart(13, '0');
  person.name = m.name;
  sessions.set(person.session, person);
  let room = rooms.get(m.join.room);
  if (!room) {
    room = { id: m.join.room, people: new Map(), history: [], seq: 0 };
    rooms.set(room.id, room);
  }
  const others = [...room.people.values()];
  room.people.set(person.session, person);
  person.room = room;
  const answer = { session: person.session, token: randomBytes(16).toString('base64url'), name: person.name,
    tag: person.session.slice(-4), resume_s: 30, ping_s: 20, stun_port: 3478, server: 'peer/1', limits: LIMITS,
    joined: { room: { room: room.id, title: room.id, public: false, password: false, locked: false, capacity: 100,
      count: room.people.size, owner: null }, self: person.session,
    participants: [...room.people.values()].map(participant), history: room.history, media: false } };
  const notice = { room: room.id, participant: participant(person), count: room.people.size };
  return { answer, notice, others };
}

/** @param {any} person @param {string} text */
export function chat(person, text) {
  const { room } = person;
  const event = { room: room.id, from: person.session, name: person.name, text, seq: ++room.seq, time: Date.now() };
  room.history.push(event);
  if (room.history.length > HISTORY) room.history.shift();
  return event;
}

/** @param {any} person @param {string} session */
export function peerOf(person, session) {
  return person.room?.people.get(session);
}

/** Somebody is gone: whom to tell what, or null. */
export function leave(/** @type {any} */ person) {
  const { room } = person;
  sessions.delete(person.session);
  if (!room) return null;
  person.room = null;
  room.people.delete(person.session);
  if (room.people.size === 0) rooms.delete(room.id);
  return { others: [...room.people.values()],
    notice: { room: room.id, session: person.session, reason: 'left', count: room.people.size } };
}
