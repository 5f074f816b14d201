// The rooms one is in, as state.
import { addChat, append, chatDone, chatId, chatPatch } from './chat.js';
import { groupEvent, groupOf } from './group.js';
import { ORDER, orderEvent } from './order.js';
import { drop, patch, put, roster } from './presence.js';
import { recordingEvent } from './recording.js';

/** @typedef {import('./types.js').RoomState} RoomState */
/** @typedef {import('./types.js').ChatItem} ChatItem */
/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('../net/protocol.js').Joined} Joined */
/** @typedef {import('../net/protocol.js').ServerEvent} ServerEvent */
/** @typedef {Record<string, RoomState>} Rooms */

const TYPING_MS = 6000;

/**
 * @param {string} code
 * @param {Partial<ChatItem> & {time: number}} fields
 * @returns {ChatItem}
 */
export function notice(code, fields) {
  return { id: '', kind: 'notice', code, from: null, name: '', text: '', own: false, ...fields };
}

/**
 * @param {any} m  chat event
 * @param {(session: string) => boolean} isOwn
 * @returns {ChatItem}
 */
function chatItem(m, isOwn) {
  const own = isOwn(m.from);
  return {
    id: chatId(m), kind: 'chat', time: m.time, from: m.from, name: m.name, text: m.text, own, seq: m.seq,
    ...(own ? { status: /** @type {const} */ ('sent') } : {}),
  };
}

/**
 * @param {RoomState | undefined} before
 * @param {{joined: Joined, now: number, ghosts?: string[], former?: string[], wantedMedia?: boolean}} action
 * @returns {RoomState}
 */
function joinedRoom(before, { joined, now, ghosts = [], former = [], wantedMedia = true }) {
  const { room, self, ticket = null, relay = null } = joined;
  const isOwn = (/** @type {string} */ id) => id === self || former.includes(id);
  let chat = before?.chat ?? [];
  for (const m of joined.history ?? []) chat = addChat(chat, chatItem(m, isOwn));
  if (before) chat = append(chat, notice('rejoined', { time: now, count: room.count }));
  return {
    id: room.room, room, self, owner: room.owner === self, chat, unread: before?.unread ?? 0, typing: {},
    ...roster(joined.participants, self, now, before, ghosts.filter((id) => id !== before?.self)),
    ticket, relay, media: !!joined.media, mediaFull: wantedMedia && !joined.media && room.publish !== 'moderators',
    mediaFree: false, stale: false, ...ORDER, ...groupOf(joined, before),
  };
}

/**
 * @param {RoomState} r
 * @param {any} room  the new room object
 * @param {number} now
 */
function changedRoom(r, room, now) {
  let { chat } = r;
  const was = r.room;
  const say = (/** @type {string} */ code, text = '') => {
    chat = append(chat, notice(code, { time: now, text }));
  };
  if (room.title !== was.title) say('room_renamed', room.title);
  if (room.locked !== was.locked) say(room.locked ? 'room_locked' : 'room_unlocked');
  if (room.password !== was.password) say('room_password');
  if (room.lobby !== was.lobby) say(room.lobby ? 'room_lobby' : 'room_no_lobby');
  if (room.owner !== was.owner && room.owner) {
    const p = r.people[room.owner];
    chat = append(chat, notice('owner', { time: now, name: p?.name ?? '', from: room.owner, own: !!p?.self }));
  }
  // Everybody may take part again: nothing begins by itself, but one is told.
  const free = was.publish === 'moderators' && room.publish !== 'moderators' && !r.media;
  const mediaFull = r.mediaFull && room.publish !== 'moderators';
  return { ...r, room, chat, owner: room.owner === r.self, mediaFull, mediaFree: r.mediaFree || free };
}

/** @param {RoomState} r @param {any} e @param {number} now @returns {RoomState} */
function entered(r, e, now) {
  const old = r.people[e.participant.session];
  let next = { ...r, ...put(r, e.participant, r.self, now), room: { ...r.room, count: e.count } };
  if (e.replaces) next = { ...next, ...drop(next, e.replaces) };
  // The same person goes on owning it: nothing to tell.
  if (e.replaces && r.room.owner === e.replaces) {
    next = { ...next, room: { ...next.room, owner: e.participant.session } };
  }
  if (e.replaces || old) return next;
  const { name, session } = e.participant;
  return { ...next, chat: append(r.chat, notice('entered', { time: now, name, from: session, count: e.count })) };
}

/** @param {RoomState} r @param {any} e @param {number} now @param {string[]} ghosts @returns {RoomState} */
function left(r, e, now, ghosts) {
  const p = r.people[e.session];
  if (!p) return { ...r, room: { ...r.room, count: e.count } };
  const typing = { ...r.typing };
  delete typing[e.session];
  const next = { ...r, typing, room: { ...r.room, count: e.count } };
  if (ghosts.includes(e.session)) return { ...next, ...patch(r, e.session, { ghost: true, away: true }) };
  const tracks = Object.fromEntries(Object.entries(r.tracks).filter(([, t]) => t.session !== e.session));
  const quiet = e.reason === 'replaced';
  const chat = quiet ? r.chat
    : append(r.chat, notice(e.reason, { time: now, name: p.name, from: e.session, count: e.count }));
  return { ...next, ...drop(r, e.session), tracks, chat };
}

/** @param {RoomState} r @param {any} e @param {number} now @returns {RoomState} */
function changedPerson(r, e, now) {
  const { session, media } = e.participant;
  const old = r.people[session];
  // The server may take one's place: the room has another way for its media now, or few may speak.
  const lost = session === r.self && r.media && !media;
  const next = { ...r, ...put(r, e.participant, r.self, now), ...(lost ? { media, mediaFull: true } : {}) };
  if (!old || old.name === e.participant.name) return next;
  return {
    ...next,
    chat: append(r.chat, notice('renamed', {
      time: now, name: old.name, text: e.participant.name, from: old.session, own: old.self,
    })),
  };
}

/** @param {RoomState} r @param {any} e @param {string[]} former @returns {RoomState} */
function chatted(r, e, former) {
  const item = chatItem(e, (id) => id === r.self || former.includes(id));
  const chat = addChat(r.chat, item);
  const typing = { ...r.typing };
  delete typing[e.from];
  return { ...r, chat, typing, unread: item.own || chat === r.chat ? r.unread : r.unread + 1 };
}

/** @param {RoomState} r @param {any} e @returns {RoomState} */
function whispered(r, e) {
  const item = /** @type {ChatItem} */ ({
    id: '', kind: 'whisper', time: e.time, from: e.from, name: e.name, text: e.text, own: false,
  });
  return { ...r, chat: append(r.chat, item), unread: r.unread + 1 };
}

/** @param {RoomState} r @param {any} e @param {number} now @returns {RoomState} */
function typed(r, e, now) {
  if (e.from === r.self) return r;
  const typing = { ...r.typing };
  if (e.on) typing[e.from] = now + TYPING_MS;
  else delete typing[e.from];
  return { ...r, typing };
}

/**
 * @param {RoomState} r
 * @param {any} e  ServerEvent
 * @param {{now: number, ghosts?: string[], former?: string[]}} context
 * @returns {RoomState}
 */
function roomEvent(r, e, { now, ghosts = [], former = [] }) {
  switch (e.type) {
    case 'entered': return entered(r, e, now);
    case 'left': return left(r, e, now, ghosts);
    case 'participant': return changedPerson(r, e, now);
    case 'room_changed': return changedRoom(r, e.room, now);
    case 'chat': return chatted(r, e, former);
    case 'whisper': return whispered(r, e);
    case 'typing': return typed(r, e, now);
    case 'notice': return { ...r, mediaFree: r.mediaFree || e.code === 'media_free', chat: append(r.chat, notice(e.code, { time: now, text: e.text ?? '' })) };
    case 'knocking': case 'mute_request': return orderEvent(r, e);
    case 'recording': return recordingEvent(r, e, now);
    default: return groupEvent(r, e);
  }
}

/** @param {RoomState} r @param {number} now @returns {RoomState} */
function forgetTyping(r, now) {
  const left = Object.entries(r.typing).filter(([, until]) => until > now);
  return left.length === Object.keys(r.typing).length ? r : { ...r, typing: Object.fromEntries(left) };
}

/** @param {RoomState} r @param {Action} action @returns {RoomState} */
function oneRoom(r, action) {
  switch (action.type) {
    case 'room/event': return roomEvent(r, action.event, /** @type {any} */ (action));
    case 'room/ticket': return { ...r, ticket: action.ticket };
    case 'room/media': return { ...r, media: action.on, mediaFull: !!action.full, mediaFree: false };
    case 'room/notice':
      return { ...r, chat: append(r.chat, notice(action.code, { time: action.now, text: action.text ?? '' })) };
    case 'room/heeded': return r.asked ? { ...r, asked: null } : r;
    case 'room/large': return r.large === action.session ? r : { ...r, large: action.session };
    case 'room/unghost': return { ...r, ...drop(r, action.session) };
    case 'chat/sending': return { ...r, chat: append(r.chat, action.item) };
    case 'chat/done': return { ...r, chat: chatDone(r.chat, action.id, action.ack) };
    case 'chat/patch': return { ...r, chat: chatPatch(r.chat, action.id, action.patch) };
    case 'chat/seen': return r.unread ? { ...r, unread: 0 } : r;
    default: return r;
  }
}

/** @param {Rooms} rooms @param {(r: RoomState) => RoomState} fn */
function mapRooms(rooms, fn) {
  let same = true;
  const out = Object.fromEntries(Object.entries(rooms).map(([id, r]) => {
    const n = fn(r);
    if (n !== r) same = false;
    return [id, n];
  }));
  return same ? rooms : out;
}

/** @param {Rooms} rooms @param {Action} action @returns {Rooms} */
export function roomsReducer(rooms, action) {
  switch (action.type) {
    case 'room/joined': {
      const id = action.joined.room.room;
      return { ...rooms, [id]: joinedRoom(rooms[id], /** @type {any} */ (action)) };
    }
    case 'room/merged': {
      const { from, ...rest } = /** @type {any} */ (action);
      const id = rest.joined.room.room;
      const out = { ...rooms };
      delete out[from];
      const joined = joinedRoom(rooms[id], rest);
      if (rooms[id]) return { ...out, [id]: joined };
      const said = notice('merged', { time: rest.now, text: joined.room.title });
      const chat = [...append(rooms[from]?.chat ?? [], said), ...joined.chat];
      return { ...out, [id]: { ...joined, chat } };
    }
    case 'room/gone': {
      if (!rooms[action.room]) return rooms;
      const out = { ...rooms };
      delete out[action.room];
      return out;
    }
    case 'room/stale':
      // Fresh again are only those that the session is in: the others are to be joined anew.
      return mapRooms(rooms, (r) => {
        const stale = action.on || r.self !== action.session;
        return r.stale === stale ? r : { ...r, stale };
      });
    case 'typing/forget':
      return mapRooms(rooms, (r) => forgetTyping(r, action.now));
    default: {
      const r = typeof action.room === 'string' ? rooms[action.room] : undefined;
      if (!r) return rooms;
      const n = oneRoom(r, action);
      return n === r ? rooms : { ...rooms, [r.id]: n };
    }
  }
}
