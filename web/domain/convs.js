// Messages that stay, as state: conversations, what was said in them as far as it is loaded, what waits to be
// sent, and what a search has found.

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./people.js').Who} Who */
/** @typedef {'owner'|'moderator'|'member'} Role */
/**
 * @typedef {{conv: string, seq: number, from: string, guest?: string, time: number, text: string,
 *   reply?: number,
 *   edited?: number, deleted?: boolean, client?: string, reactions?: Record<string, string[]>,
 *   files?: FileRef[], mentions?: string[]}} Message
 * What a guest has said has `guest`, a name, and no `from`.
 */
/** What a message has with it: a picture when it has width and height.
 * @typedef {{file: string, name: string, size: number, mime: string, width?: number, height?: number,
 *   thumb?: boolean, gone?: boolean}} FileRef */
/**
 * `delivered` is what the other one's devices have, as far as this page was told.
 * @typedef {{conv: string, kind: 'direct'|'room', with?: Who, title: string, topic: string, picture: number,
 *   public: boolean, unlisted?: boolean, role: Role, last?: Message, seq: number, read: number,
 *   password?: boolean, live?: LiveRoom, unread: number, others_read?: number, draft?: string,
 *   state: 'open'|'request'|'ignored'|'archived',
 *   retention_s?: number, members: number, delivered?: number}} Conv
 */
/** Who is in the room now, with camera and microphone; the first few by name.
 * @typedef {{count: number, people: {user?: string, name: string}[]}} LiveRoom */
/** A room as who is not in it sees it.
 * @typedef {{conv: string, title: string, topic: string, picture: number, members: number,
 *   password?: boolean, live?: number}} PublicRoom */
/** What one has sent, and the server has not yet acknowledged. `uploads` are on their way before the message
 * is (domain/uploads.js); then `files` are there.
 * @typedef {{client: string, text: string, reply?: number, time: number,
 *   status: 'uploading'|'sending'|'failed', error: string | null, uploads?: string[], files?: FileRef[]}}
 *   Outgoing */
/**
 * Messages without a gap between `messages[0]` and the last; `first`, `last`: there is nothing before, after.
 * `mark` is what had been read when the thread was opened (null: all). `at` is where one was led
 * to, `jumps` how often.
 * @typedef {{messages: Message[], first: boolean, last: boolean, loaded: boolean, busy: boolean,
 *   error: string | null, pending: Outgoing[], typing: Record<string, number>, mark: number | null,
 *   at: number | null, jumps: number, reply: number | null, editing: number | null}} Thread
 */
/** @typedef {Who & {role: Role, banned?: boolean, invited?: boolean}} Member */
/** @typedef {{text: string, found: {message: Message, conv: string}[], next: string | null, busy: boolean,
 *   done: boolean, error: string | null, seq: number}} Search */
/**
 * @typedef {{list: Record<string, Conv>, loaded: boolean, busy: boolean, next: string | null,
 *   error: string | null, chosen: string | null, threads: Record<string, Thread>,
 *   members: Record<string, Member[]>, search: Search}} ConvsState
 */

/** @type {Thread} */
export const THREAD = {
  messages: [], first: false, last: true, loaded: false, busy: false, error: null, pending: [], typing: {},
  mark: null, at: null, jumps: 0, reply: null, editing: null,
};

/** @type {Search} */
const SEARCH = { text: '', found: [], next: null, busy: false, done: false, error: null, seq: 0 };

/** @type {ConvsState} */
export const CONVS = {
  list: {}, loaded: false, busy: false, next: null, error: null, chosen: null,
  threads: {}, members: {}, search: SEARCH,
};

export const EDIT_MS = 15 * 60_000;

/** What an event says wins, but for what only this page knows.
 * @param {Conv | undefined} old @param {Conv} fresh @returns {Conv} */
function merged(old, fresh) {
  if (!old) return fresh;
  const delivered = fresh.delivered ?? old.delivered;
  // It may have been made before one's last read mark was there.
  const read = Math.max(old.read, fresh.read);
  const unread = read > fresh.read && read >= fresh.seq ? 0 : fresh.unread;
  return { ...fresh, read, unread, ...(delivered ? { delivered } : {}) };
}

/** A list may have been made before the last message was told.
 * @param {Conv | undefined} old @param {Conv} fresh */
const newer = (old, fresh) => (old && old.seq > fresh.seq ? old : merged(old, fresh));

/** The list has none where nothing was said yet: the one that is open stays. @param {ConvsState} s */
const kept = ({ list, chosen }) => (chosen && list[chosen] ? { [chosen]: list[chosen] } : {});

/** @param {ConvsState} s @param {Conv[]} convs */
function put(s, convs) {
  const list = { ...s.list };
  for (const c of convs) list[c.conv] = merged(list[c.conv], c);
  return { ...s, list };
}

/** @param {ConvsState} s @param {string} conv @param {Partial<Conv>} patch @returns {ConvsState} */
const patched = (s, conv, patch) => ({ ...s, list: { ...s.list, [conv]: { ...s.list[conv], ...patch } } });

/** @param {ConvsState} s @param {string} conv @param {(t: Thread) => Partial<Thread>} fn
 * @returns {ConvsState} */
function inThread(s, conv, fn) {
  const t = s.threads[conv] ?? THREAD;
  return { ...s, threads: { ...s.threads, [conv]: { ...t, ...fn(t) } } };
}

/** @param {Message[]} a @param {Message[]} b  of the same seq those of b stay @returns {Message[]} */
export function together(a, b) {
  const by = new Map(a.map((m) => [m.seq, m]));
  for (const m of b) by.set(m.seq, m);
  return [...by.values()].sort((x, y) => x.seq - y.seq);
}

/** A page of what was said: before, after, around, or the newest.
 * @param {Thread} t @param {Action} a @returns {Partial<Thread>} */
function page(t, { where, messages, first, last }) {
  const done = { busy: false, loaded: true, error: null };
  if (where === 'before') return { ...done, messages: together(messages, t.messages), first };
  if (where === 'after') return { ...done, messages: together(t.messages, messages), last };
  const end = t.messages[t.messages.length - 1]?.seq ?? -1;
  // After a lost session: what was loaded stays, if nothing is missing between.
  const joins = where === 'newest' && messages.length > 0 && end + 1 >= messages[0].seq;
  return joins ? { ...done, messages: together(t.messages, messages), last }
    : { ...done, messages, first, last };
}

/** @param {Thread} t @param {Message} m @returns {Partial<Thread>} */
function heard(t, m) {
  const pending = m.client ? t.pending.filter((p) => p.client !== m.client) : t.pending;
  const typing = { ...t.typing };
  if (m.from) delete typing[m.from];
  const end = t.messages[t.messages.length - 1]?.seq ?? m.seq - 1;
  if (!t.loaded || !t.last) return { pending, typing };
  if (m.seq > end + 1) return { pending, typing, last: false };
  return { pending, typing, messages: together(t.messages, [m]) };
}

/** @param {Conv} c @param {Message} m @param {boolean} own @returns {Conv} */
function told(c, m, own) {
  if (m.seq < c.seq || (m.seq === c.seq && c.last?.seq === m.seq)) return c;
  const fresh = m.seq > c.seq;
  if (own) return { ...c, last: m, seq: m.seq, read: m.seq, unread: 0, state: c.state === 'request' ? 'open' : c.state };
  return { ...c, last: m, seq: m.seq, unread: c.unread + (fresh ? 1 : 0) };
}

/** @param {ConvsState} s @param {Action} a @returns {ConvsState} */
function message(s, { message: m, me }) {
  const c = s.list[m.conv];
  const next = c ? { ...s, list: { ...s.list, [m.conv]: told(c, m, m.from === me) } } : s;
  return next.threads[m.conv] ? inThread(next, m.conv, (t) => heard(t, m)) : next;
}

/** @param {ConvsState} s @param {Message} m @returns {ConvsState} */
function changed(s, m) {
  const c = s.list[m.conv];
  const list = c?.last?.seq === m.seq ? { ...s.list, [m.conv]: { ...c, last: { ...m, text: m.text ?? '' } } } : s.list;
  const known = s.threads[m.conv]?.messages.some((x) => x.seq === m.seq);
  const same = (/** @type {{conv: string, message: Message}} */ f) =>
    f.conv === m.conv && f.message.seq === m.seq;
  const found = s.search.found.map((f) => (same(f) ? { ...f, message: m } : f));
  const next = { ...s, list, search: { ...s.search, found: found.filter((f) => !f.message.deleted) } };
  return known ? inThread(next, m.conv, (t) => ({ messages: together(t.messages, [m]) })) : next;
}

/** @param {ConvsState} s @param {Action} a @returns {ConvsState} */
function read(s, { conv, user, seq, me }) {
  const c = s.list[conv];
  if (!c) return s;
  if (user !== me) return patched(s, conv, { others_read: Math.max(seq, c.others_read ?? 0) });
  if (seq < c.read) return s;
  const later = s.threads[conv]?.messages.filter((m) => m.seq > seq && m.from !== me && !m.deleted) ?? [];
  const unread = seq >= c.seq ? 0 : Math.min(c.unread, later.length || c.unread);
  return patched(s, conv, { read: seq, unread });
}

/** @param {Thread} t @param {Action} a @returns {Partial<Thread>} */
function outgoing(t, a) {
  if (a.type === 'convs/sending') {
    const known = t.pending.some((p) => p.client === a.out.client);
    if (!known) return { pending: [...t.pending, a.out], reply: null };
    return { pending: t.pending.map((p) => (p.client === a.out.client ? a.out : p)) };
  }
  if (a.type === 'convs/unsent') {
    const failed = { status: /** @type {const} */ ('failed'), error: a.error };
    return { pending: t.pending.map((p) => (p.client === a.client ? { ...p, ...failed } : p)) };
  }
  return { pending: t.pending.filter((p) => p.client !== a.client) };
}

/** A new session: what is loaded may be old.
 * @param {ConvsState} s @param {string[]} keep  beside the chosen one @returns {ConvsState} */
function stale(s, keep = []) {
  /** @type {Record<string, Thread>} */
  const threads = {};
  for (const [id, t] of Object.entries(s.threads)) {
    if (id === s.chosen || keep.includes(id)) threads[id] = { ...t, typing: {}, busy: false };
    else if (t.pending.length) threads[id] = { ...THREAD, pending: t.pending };
  }
  return { ...s, threads };
}

/** @param {ConvsState} s @param {string} conv @returns {ConvsState} */
function gone(s, conv) {
  const list = { ...s.list };
  const threads = { ...s.threads };
  delete list[conv];
  delete threads[conv];
  return { ...s, list, threads, chosen: s.chosen === conv ? null : s.chosen };
}

/** @param {ConvsState} s @param {string | null} conv @returns {ConvsState} */
function chosen(s, conv) {
  if (!conv) return { ...s, chosen: null };
  const next = { ...s, chosen: conv };
  const c = s.list[conv];
  const markIn = (/** @type {Thread} */ t) => (c?.unread ? c.read : t.loaded ? null : t.mark);
  return inThread(next, conv, (t) => ({ mark: markIn(t), at: null, editing: null }));
}

/** @param {ConvsState} s @param {Action} a @returns {ConvsState} */
function searching(s, a) {
  if (a.type === 'convs/searching') {
    const more = a.more && a.text === s.search.text;
    const kept = more ? s.search : SEARCH;
    return { ...s, search: { ...kept, text: a.text, busy: !!a.text, seq: a.seq, error: null } };
  }
  if (a.seq !== s.search.seq) return s;
  if (a.type === 'convs/search_failed') return { ...s, search: { ...s.search, busy: false, error: a.error } };
  const found = [...s.search.found, ...a.found];
  return { ...s, search: { ...s.search, busy: false, done: true, found, next: a.next ?? null } };
}

/** @param {ConvsState} s @param {Action} a @returns {ConvsState} */
export function convsReducer(s, a) {
  switch (a.type) {
    case 'convs/asked': return { ...s, busy: true, error: null };
    case 'convs/list': {
      const convs = a.convs.map((/** @type {Conv} */ c) => newer(s.list[c.conv], c));
      const next = put(a.more ? s : { ...s, list: kept(s) }, convs);
      return { ...next, loaded: true, busy: false, next: a.next ?? null, error: null };
    }
    case 'convs/refused': return { ...s, busy: false, error: a.error };
    case 'convs/put': return put(s, [a.conv]);
    case 'convs/gone': return gone(s, a.conv);
    case 'convs/choose': return chosen(s, a.conv);
    case 'convs/stale': return stale(s, a.keep);
    case 'convs/live': return s.list[a.conv] ? patched(s, a.conv, { live: a.live.count ? a.live : undefined }) : s;
    case 'convs/loading': return inThread(s, a.conv, () => ({ busy: true, error: null }));
    case 'convs/page': return inThread(s, a.conv, (t) => page(t, a));
    case 'convs/page_failed': return inThread(s, a.conv, () => ({ busy: false, error: a.error }));
    case 'convs/at': return inThread(s, a.conv, (t) => ({ at: a.seq, jumps: t.jumps + 1 }));
    case 'convs/message': return message(s, a);
    case 'convs/changed': return changed(s, a.message);
    case 'convs/read': return read(s, a);
    case 'convs/delivered': {
      const c = s.list[a.conv];
      return c ? patched(s, a.conv, { delivered: Math.max(a.seq, c.delivered ?? 0) }) : s;
    }
    case 'convs/typing': return inThread(s, a.conv, (t) => ({ typing: { ...t.typing, [a.user]: a.on ? a.until : 0 } }));
    case 'convs/sending': case 'convs/unsent': case 'convs/drop': return inThread(s, a.conv, (t) => outgoing(t, a));
    case 'convs/compose': return inThread(s, a.conv, () => ({ reply: a.reply ?? null, editing: a.editing ?? null }));
    case 'convs/members': return { ...s, members: { ...s.members, [a.conv]: a.members } };
    case 'convs/role': {
      const list = s.members[a.conv]?.map((m) => (m.user === a.user ? { ...m, role: a.role } : m));
      return list ? { ...s, members: { ...s.members, [a.conv]: list } } : s;
    }
    case 'convs/searching': case 'convs/found': case 'convs/search_failed': return searching(s, a);
    case 'account/gone': return CONVS;
    default: return s;
  }
}

/** Requests of strangers apart, all newest first; who is ignored is not shown. @param {ConvsState} s */
export function shownConvs({ list }) {
  const when = (/** @type {Conv} */ c) => c.last?.time ?? 0;
  const all = Object.values(list).filter((c) => c.state !== 'ignored').sort((a, b) => when(b) - when(a) || (a.conv < b.conv ? 1 : -1));
  return { requests: all.filter((c) => c.state === 'request'), open: all.filter((c) => c.state !== 'request') };
}

/** How far one's own message has come.
 * @param {Conv} c @param {number} seq @returns {'sent'|'delivered'|'read'} */
export const markOf = (c, seq) =>
  ((c.others_read ?? 0) >= seq ? 'read' : (c.delivered ?? 0) >= seq ? 'delivered' : 'sent');

/** @param {Message} m @param {string} me @param {number} now */
export const mayEdit = (m, me, now) => m.from === me && !m.deleted && now - m.time < EDIT_MS;

/**
 * The lines of a thread: days, the mark before the first unread, blocks of one person's words.
 * @typedef {{kind: 'day', id: string, time: number} | {kind: 'unread', id: string}
 *   | {kind: 'said', id: string, message: Message, head: boolean}} Line
 */
const BLOCK_MS = 5 * 60_000;

/** @param {Message[]} messages @param {number | null} mark  what was read when one came; null: all of it
 * @param {string} me @returns {Line[]} */
export function threadLines(messages, mark, me) {
  /** @type {Line[]} */
  const lines = [];
  let marked = mark === null;
  /** @type {Message | null} */
  let before = null;
  for (const m of messages) {
    const newDay = !before || new Date(before.time).toDateString() !== new Date(m.time).toDateString();
    if (newDay) lines.push({ kind: 'day', id: `day${m.seq}`, time: m.time });
    const unread = !marked && m.seq > Number(mark) && m.from !== me;
    if (unread) lines.push({ kind: 'unread', id: 'unread' });
    marked ||= unread;
    const same = before?.from === m.from && before?.guest === m.guest;
    const head = newDay || unread || !before || !same || m.time - before.time > BLOCK_MS;
    lines.push({ kind: 'said', id: `m${m.seq}`, message: m, head });
    before = m;
  }
  return lines;
}
