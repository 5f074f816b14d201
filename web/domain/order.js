// Keeping order in a room, as state: who waits outside, what one was asked, who moderates, what one may not
// do, and whose hand is up since when.

/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').RoomState} RoomState */
/** @typedef {import('./types.js').Person} Person */
/** @typedef {import('./convs.js').Conv} Conv */
/** @typedef {{session: string, name: string, user?: string}} Knock  somebody who waits to be let in */
/** What somebody who moderates wants of one; `hard`: it is so already.
 * @typedef {{kind: 'mic'|'camera'|'screen', name: string, hard: boolean}} Asked */
/** @typedef {Pick<RoomState, 'knocks'|'asked'>} OrderPart */
/** Why one may not: somebody said so; only those who moderate may.
 * @typedef {''|'muted'|'few'} Why */
/** @typedef {{mic: Why, camera: Why, screen: Why}} Barred */
/** @typedef {Pick<State, 'convs'|'account'>} Known */

/** Whoever comes in is told anew of all who wait. @type {OrderPart} */
export const ORDER = { knocks: [], asked: null };

/** @type {Barred} */
const FREE = { mic: '', camera: '', screen: '' };

/** @param {RoomState} r @param {any} e  knocking or mute_request @returns {RoomState} */
export function orderEvent(r, e) {
  if (e.type === 'mute_request') {
    if (e.kind === 'hand') return r;
    return { ...r, asked: { kind: e.kind, name: r.people[e.by]?.name ?? '', hard: !!e.hard } };
  }
  if (e.type !== 'knocking') return r;
  const knocks = r.knocks.filter((k) => k.session !== e.session);
  if (e.on) knocks.push({ session: e.session, name: e.name, ...(e.user ? { user: e.user } : {}) });
  return { ...r, knocks };
}

/** The conversation of a room that stays, when one is in it.
 * @param {Known} state @param {RoomState | null | undefined} r @returns {Conv | null} */
export const convOf = ({ convs, account }, r) =>
  (r?.room.stays && account.user ? convs.list[r.id] ?? null : null);

/** Whether one moderates a room. @param {Known} state @param {RoomState | null | undefined} r */
export function moderates(state, r) {
  const conv = convOf(state, r);
  return !!r && (r.owner || (!!conv && conv.role !== 'member'));
}

/** What one may not do in a room, and why.
 * @param {Known} state @param {RoomState | null | undefined} r @returns {Barred} */
export function barredIn(state, r) {
  if (!r) return FREE;
  const muted = r.people[r.self]?.muted ?? [];
  const few = moderates(state, r) ? { publish: false, share: false }
    : { publish: r.room.publish === 'moderators', share: r.room.share === 'moderators' };
  /** @param {'mic'|'camera'|'screen'} kind @param {boolean} closed @returns {Why} */
  const why = (kind, closed) => (muted.includes(kind) ? 'muted' : closed ? 'few' : '');
  return {
    mic: why('mic', few.publish), camera: why('camera', few.publish),
    screen: why('screen', few.publish || few.share),
  };
}

/** The room that one's microphone and camera are for: that with one's media, or the one in view.
 * @param {Pick<State, 'rooms'|'current'>} state @returns {RoomState | undefined} */
export const mediaRoom = ({ rooms, current }) =>
  Object.values(rooms).find((r) => r.media) ?? (current ? rooms[current] : undefined);

/** Whose hands are up, in the order in which they are to be called.
 * @param {RoomState} r @returns {Person[]} */
export const hands = (r) => Object.values(r.people).filter((p) => p.hand)
  .sort((a, b) => a.hand - b.hand || (a.session < b.session ? -1 : 1));

/** Which hand it is, from 1; 0: it is not up. @param {RoomState} r @param {string} session */
export const handOf = (r, session) => hands(r).findIndex((p) => p.session === session) + 1;

/** Whom one can ask to be quiet, or whom one can let speak again. @param {RoomState} r
 * @param {'quiet'|'muted'} which  who can be heard; who was muted @returns {Person[]} */
export const others = (r, which) => Object.values(r.people).filter((p) => !p.self && !p.ghost
  && (which === 'muted' ? p.muted.includes('mic') : p.mic && p.media));
