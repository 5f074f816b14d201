// A room that is recorded, as state: since when, who of the people in it have agreed, and why it ended.
import { append } from './chat.js';

/** @typedef {import('./types.js').RoomState} RoomState */
/** @typedef {import('./types.js').State} State */
/** @typedef {'stopped'|'quota'|'disk_full'|'failed'|'refused'|'shutdown'} Why */
/**
 * @typedef {{recording: string, room: string, title: string, started: number, duration_ms: number,
 *   bytes: number, state: Why | 'running' | 'cut_off'}} Recording  one's own
 */
/** @typedef {{file: string, kind: string, name?: string, duration_ms?: number,
 *   bytes?: number}} RecordedTrack */

/** @type {readonly Why[]} */
export const WHYS = ['stopped', 'quota', 'disk_full', 'failed', 'refused', 'shutdown'];

/** @param {RoomState} r @param {any} e  recording @param {number} now @returns {RoomState} */
export function recordingEvent(r, e, now) {
  const code = e.on ? 'recording_on' : `recording_${WHYS.includes(e.why) ? e.why : 'stopped'}`;
  const said = { id: '', kind: /** @type {const} */ ('notice'), code, from: null, text: '', own: false };
  const people = e.on ? r.people
    : Object.fromEntries(Object.entries(r.people).map(([id, p]) => [id, { ...p, recorded: false }]));
  const room = { ...r.room, recording: e.on ? e.since : undefined };
  return { ...r, room, people, chat: append(r.chat, { ...said, time: now, name: e.name ?? '' }) };
}

/** The room in view is recorded, and oneself has not agreed to that yet. @param {State} state */
export function asksConsent({ rooms, current }) {
  const here = current ? rooms[current] : null;
  return !!here?.room.recording && !here.people[here.self]?.recorded;
}

/** Whoever comes in by the door in view has to agree to being recorded. @param {State} state */
export function doorAsksConsent({ prejoin, lobby }) {
  const room = prejoin?.room ? lobby.rooms[prejoin.room] : null;
  return prejoin?.error === 'recorded' || !!prejoin?.recorded || !!room?.recording;
}
