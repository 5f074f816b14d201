// A room's chat: one's own words appear at once and are matched with what the server makes of them.

/** @typedef {import('./types.js').ChatItem} ChatItem */

export const CHAT_CAP = 500;

/** @param {ChatItem[]} items @returns {ChatItem[]} */
const capped = (items) => (items.length > CHAT_CAP ? items.slice(items.length - CHAT_CAP) : items);

/** @param {{time: number, seq?: number}} m */
export const chatId = (m) => `c${m.time}-${m.seq ?? 0}`;

/** @param {ChatItem} item */
const pending = (item) => item.status === 'sending' || item.status === 'failed';

/** Whether `a` belongs after `b`. @param {ChatItem} a @param {ChatItem} b */
const later = (a, b) => a.time > b.time || (a.time === b.time && (a.seq ?? 0) > (b.seq ?? 0));

/**
 * Puts a numbered message where it belongs: messages that wait for their number stay below it.
 * @param {ChatItem[]} items
 * @param {ChatItem} item
 */
function place(items, item) {
  let at = items.length;
  while (at > 0) {
    const before = items[at - 1];
    if (pending(before) || (before.seq !== undefined && later(before, item))) at--;
    else break;
  }
  return capped([...items.slice(0, at), item, ...items.slice(at)]);
}

/**
 * A message from the server (event or history). Twice the same one is once.
 * @param {ChatItem[]} items
 * @param {ChatItem} item  with seq
 */
export function addChat(items, item) {
  if (items.some((i) => i.seq === item.seq && i.time === item.time)) return items;
  const mine = item.own
    ? items.findIndex((i) => i.kind === 'chat' && i.status === 'sending' && i.text === item.text) : -1;
  if (mine < 0) return place(items, item);
  const own = { ...item, id: items[mine].id, status: /** @type {const} */ ('sent') };
  return place(items.filter((_, i) => i !== mine), own);
}

/**
 * Puts a line without a number at the end; one without an id gets one that no other line here has.
 * @param {ChatItem[]} items
 * @param {ChatItem} item
 */
export function append(items, item) {
  if (item.id) return capped([...items, item]);
  const last = items.findLast((i) => i.id.startsWith('n'));
  return capped([...items, { ...item, id: `n${last ? Number(last.id.slice(1)) + 1 : 1}` }]);
}

/**
 * One's own message was taken.
 * @param {ChatItem[]} items
 * @param {string} id
 * @param {{seq?: number, time: number}} ack
 */
export function chatDone(items, id, { seq, time }) {
  const item = items.find((i) => i.id === id);
  if (!item || item.status === 'sent') return items;
  const rest = items.filter((i) => i !== item);
  if (seq !== undefined && rest.some((i) => i.seq === seq && i.time === time)) return rest;
  const sent = { ...item, seq, time, status: /** @type {const} */ ('sent'), error: undefined };
  return seq === undefined ? items.map((i) => (i === item ? sent : i)) : place(rest, sent);
}

/** @param {ChatItem[]} items @param {string} id @param {Partial<ChatItem>} patch */
export const chatPatch = (items, id, patch) => items.map((i) => (i.id === id ? { ...i, ...patch } : i));
