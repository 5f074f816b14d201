// What a page leaves for the one that it is reloaded into: which session it replaces, and the rooms to go
// back to. Written when the page goes, taken and erased when the next one loads, so that a duplicated tab
// (browsers copy sessionStorage) finds nothing to steal.

const KEY = 'madang.handoff';
const GOOD_MS = 10 * 60_000;

/** @typedef {{token: string, session: string, name: string, current: string | null, at: number,
 *             rooms: {room: string, ticket: string, media: boolean}[]}} Handoff */

/** @param {Storage} storage @param {Omit<Handoff, 'at'>} what @param {number} now */
export function leaveHandoff(storage, what, now) {
  try {
    storage.setItem(KEY, JSON.stringify({ ...what, at: now }));
  } catch { }
}

/** @param {Storage} storage */
export function dropHandoff(storage) {
  try {
    storage.removeItem(KEY);
  } catch { }
}

/** @param {Storage} storage @param {number} now @returns {Handoff | null} */
export function takeHandoff(storage, now) {
  try {
    const text = storage.getItem(KEY);
    storage.removeItem(KEY);
    const h = JSON.parse(text ?? 'null');
    const good = h && typeof h.token === 'string' && Array.isArray(h.rooms) && now - h.at < GOOD_MS;
    return good ? h : null;
  } catch {
    return null;
  }
}
