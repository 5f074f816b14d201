// The directory as state: whom one knows, the list in view, whose card is open.

/** @typedef {import('./types.js').Action} Action */
/** Who somebody is, in short. @typedef {{user: string, name: string, display: string, avatar: number}} Who */
/** @typedef {'online'|'away'|'call'|'dnd'|'offline'} Presence */
/**
 * @typedef {Who & {presence: Presence, last_seen?: number, favourite: boolean, blocked: boolean}} Somebody
 */
/** @typedef {''|'favourites'|'online'|'blocked'} Only */
/**
 * `seq` numbers what was asked: an answer to an older question is dropped.
 * @typedef {{query: string, only: Only, ids: string[], next: string | null, busy: boolean,
 *   loaded: boolean, error: string | null, seq: number}} Directory
 */
/** `link` is a name that a call link (/u/NAME) led to.
 * @typedef {{known: Record<string, Somebody>, list: Directory, chosen: string | null,
 *   link: {name: string, error: string | null} | null}} PeopleState */

/** @type {Directory} */
const LIST = { query: '', only: '', ids: [], next: null, busy: false, loaded: false, error: null, seq: 0 };

/** @type {PeopleState} */
export const PEOPLE = { known: {}, list: LIST, chosen: null, link: null };

const KNOWN_CAP = 2000;

/** Right after its start the server does not say who is away; then what was known stays.
 * @param {Record<string, Somebody>} known @param {Somebody[]} people */
function put(known, people) {
  const all = { ...known };
  for (const p of people) {
    const { presence = 'offline', last_seen } = known[p.user] ?? {};
    all[p.user] = p.presence ? p : { ...p, presence, ...(last_seen ? { last_seen } : {}) };
  }
  return all;
}

/** @param {PeopleState} s @param {string[]} keep */
function trimmed(s, keep) {
  if (Object.keys(s.known).length <= KNOWN_CAP) return s;
  const stay = new Set(keep);
  return { ...s, known: Object.fromEntries(Object.entries(s.known).filter(([id]) => stay.has(id))) };
}

/** @param {PeopleState} s @param {Action} a @returns {PeopleState} */
function listed(s, a) {
  if (a.seq !== s.list.seq) return s;
  const fresh = a.people.map((/** @type {Somebody} */ p) => p.user);
  const ids = a.more ? [...new Set([...s.list.ids, ...fresh])] : fresh;
  const list = { ...s.list, ids, next: a.next ?? null, busy: false, loaded: true, error: null };
  return trimmed({ ...s, known: put(s.known, a.people), list }, [...ids, s.chosen ?? '']);
}

/** The first page once more, under a list that stays as far as it was read: who is new comes in.
 * @param {PeopleState} s @param {Action} a @returns {PeopleState} */
function freshened(s, a) {
  if (a.seq !== s.list.seq) return s;
  const fresh = a.people.map((/** @type {Somebody} */ p) => p.user);
  const longer = a.next && s.list.ids.length > fresh.length;
  const ids = longer ? [...new Set([...fresh, ...s.list.ids])] : fresh;
  const list = { ...s.list, ids, next: longer ? s.list.next : a.next ?? null };
  return { ...s, known: put(s.known, a.people), list };
}

/** Last seen comes and goes with the presence. @param {PeopleState} s @param {any[]} changed */
function presence(s, changed) {
  const known = { ...s.known };
  for (const { user, presence: now, last_seen } of changed) {
    if (!known[user]) continue;
    const next = { ...known[user], presence: now, last_seen };
    if (!last_seen) delete next.last_seen;
    known[user] = next;
  }
  return { ...s, known };
}

/** @param {PeopleState} s @param {Action} action @returns {PeopleState} */
export function peopleReducer(s, action) {
  switch (action.type) {
    case 'people/asked': {
      const { query, only, more, seq } = /** @type {any} */ (action);
      const same = more || (query === s.list.query && only === s.list.only);
      // Rows stay until others are there: a list that blinks at every letter can't be pressed.
      const kept = same ? s.list : { ...s.list, next: null };
      return { ...s, list: { ...kept, query, only, seq, busy: true, error: null } };
    }
    case 'people/list': return listed(s, action);
    case 'people/fresh': return freshened(s, action);
    case 'people/refused':
      return action.seq === s.list.seq ? { ...s, list: { ...s.list, busy: false, error: action.error } } : s;
    case 'people/put': return { ...s, known: put(s.known, action.people) };
    case 'people/presence': return presence(s, action.changed);
    case 'people/patch': {
      const old = s.known[action.user];
      return old ? { ...s, known: { ...s.known, [action.user]: { ...old, ...action.patch } } } : s;
    }
    case 'people/choose': return { ...s, chosen: action.user, link: null };
    case 'people/link': return { ...s, link: action.link };
    case 'account/gone': return PEOPLE;
    default: return s;
  }
}

/**
 * Whom the list shows, as it is asked for: a row that no longer fits stays where it is until the next list,
 * so that nothing jumps away under a finger. In the whole list favourites come first.
 * @param {PeopleState} s
 */
export function shownPeople({ known, list }) {
  const people = list.ids.map((id) => known[id]).filter(Boolean);
  if (list.only === 'blocked') return { first: [], rest: people };
  if (list.query || list.only) return { first: [], rest: people };
  return { first: people.filter((p) => p.favourite), rest: people.filter((p) => !p.favourite) };
}

/**
 * Whom to choose from while somebody types: only those who were found for this text. Names that give way to
 * others under one's finger are pressed by mistake.
 * @param {PeopleState} s @param {string} text
 */
export const foundFor = ({ known, list }, text) =>
  (list.query === text.trim() && !list.busy ? list.ids.map((user) => known[user]).filter(Boolean) : []);

/** Whose presence is worth watching: the card that is open, then the rows. @param {PeopleState} s */
export const watched = ({ list, chosen }) =>
  [...new Set([...(chosen ? [chosen] : []), ...list.ids])].slice(0, 200);
