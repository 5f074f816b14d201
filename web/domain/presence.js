// Who is in a room: the roster, and how two people of one name are told apart.

/** @typedef {import('./types.js').Person} Person */
/** @typedef {import('./types.js').Participant} Participant */
/** @typedef {import('./types.js').SessionId} SessionId */
/** @typedef {{people: Record<SessionId, Person>, order: SessionId[]}} Roster */

/** @param {SessionId} session */
export const tagOf = (session) => session.slice(-4);

/** @param {Record<SessionId, Person>} people */
function suffixes(people) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  const key = (/** @type {Person} */ p) => p.name.normalize('NFC').toLowerCase();
  for (const p of Object.values(people)) seen.set(key(p), (seen.get(key(p)) ?? 0) + 1);
  return Object.fromEntries(Object.entries(people).map(([id, p]) => {
    const suffix = (seen.get(key(p)) ?? 0) > 1 ? tagOf(id) : '';
    return [id, suffix === p.suffix ? p : { ...p, suffix }];
  }));
}

/**
 * @param {Participant[]} participants  as the server lists them
 * @param {SessionId} self
 * @param {number} now
 * @param {Roster} [before]  what was shown until now, of which `ghosts` stay
 * @param {SessionId[]} [ghosts]
 * @returns {Roster}
 */
export function roster(participants, self, now, before, ghosts = []) {
  /** @type {Record<SessionId, Person>} */
  const people = {};
  for (const p of participants) people[p.session] = person(p, self, now);
  for (const id of ghosts) {
    const old = before?.people[id];
    if (old && !people[id]) people[id] = { ...old, self: false, ghost: true, away: true };
  }
  const order = [self, ...Object.keys(people).filter((id) => id !== self)].filter((id) => people[id]);
  return { people: suffixes(people), order };
}

/** @param {Participant} p @param {SessionId} self @param {number} now @returns {Person} */
function person(p, self, now) {
  const muted = p.muted ?? [];
  // What somebody is muted for is not shown of them, whatever their page says.
  return {
    session: p.session, name: p.name, mic: !!p.mic && !muted.includes('mic'), cam: !!p.cam && !muted.includes('camera'),
    screen: !!p.screen && !muted.includes('screen'), media: !!p.media, away: !!p.away, suffix: '',
    self: p.session === self, ghost: false, joinedAt: now, hand: p.hand ?? 0, muted, program: !!p.program,
    recorded: !!p.recorded,
    ...(p.user ? { user: p.user } : {}),
  };
}

/**
 * Somebody entered or changed.
 * @param {Roster} r @param {Participant} p @param {SessionId} self @param {number} now
 * @returns {Roster}
 */
export function put(r, p, self, now) {
  const old = r.people[p.session];
  const people = { ...r.people, [p.session]: { ...person(p, self, old?.joinedAt ?? now), suffix: old?.suffix ?? '' } };
  return { people: suffixes(people), order: old ? r.order : [...r.order, p.session] };
}

/** @param {Roster} r @param {SessionId} session @returns {Roster} */
export function drop(r, session) {
  if (!r.people[session]) return r;
  const people = { ...r.people };
  delete people[session];
  return { people: suffixes(people), order: r.order.filter((id) => id !== session) };
}

/** @param {Roster} r @param {SessionId} session @param {Partial<Person>} fields @returns {Roster} */
export function patch(r, session, fields) {
  if (!r.people[session]) return r;
  return { order: r.order, people: { ...r.people, [session]: { ...r.people[session], ...fields } } };
}
