// The history of calls as state.

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./people.js').Who} Who */
/**
 * @typedef {{call: string, with: Who, way: 'out'|'in', video: boolean, seen: boolean,
 *   reason?: string, text?: string,
 *   outcome: 'answered'|'missed'|'declined'|'cancelled'|'busy', started: number,
 *   duration_ms: number}} CallRecord
 */
/** @typedef {{list: CallRecord[], loaded: boolean, busy: boolean, end: boolean,
 *   error: string | null}} CallsState */

export const PAGE = 50;

/** @type {CallsState} */
export const CALLS = { list: [], loaded: false, busy: false, end: false, error: null };

/** @param {CallsState} s @param {CallRecord[]} calls @param {boolean} more @returns {CallsState} */
function listed(s, calls, more) {
  const all = more ? [...s.list, ...calls] : calls;
  const seen = new Set();
  const list = all.filter((c) => !seen.has(c.call) && seen.add(c.call)).sort((a, b) => b.started - a.started);
  return { list, loaded: true, busy: false, end: calls.length < PAGE, error: null };
}

/** @param {CallsState} s @param {Action} action @returns {CallsState} */
export function callsReducer(s, action) {
  switch (action.type) {
    case 'calls/asked': return { ...s, busy: true, error: null };
    case 'calls/list': return listed(s, action.calls, !!action.more);
    case 'calls/refused': return { ...s, busy: false, error: action.error };
    case 'calls/seen': return { ...s, list: s.list.map((c) => (c.seen ? c : { ...c, seen: true })) };
    case 'account/gone': return CALLS;
    default: return s;
  }
}

/** The word for what became of a call: the last part of its text's key. @param {CallRecord} c */
export function kindOf({ way, outcome }) {
  if (outcome === 'answered') return way === 'in' ? 'received' : 'made';
  if (outcome === 'missed') return way === 'in' ? 'missed' : 'no_answer';
  if (outcome === 'cancelled' && way === 'in') return 'missed';
  return outcome;
}

/** Calls of the same person in a row, of the same kind and day, are one line.
 * @param {CallRecord[]} list @returns {{id: string, calls: CallRecord[]}[]} */
export function grouped(list) {
  /** @type {{id: string, calls: CallRecord[]}[]} */
  const out = [];
  for (const c of list) {
    const last = out[out.length - 1]?.calls[0];
    const same = last && last.with.user === c.with.user && kindOf(last) === kindOf(c)
      && new Date(last.started).toDateString() === new Date(c.started).toDateString();
    if (same) out[out.length - 1].calls.push(c);
    else out.push({ id: c.call, calls: [c] });
  }
  return out;
}

/** 0:07, 12:03, 1:02:03. @param {number} ms */
export function lasted(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
