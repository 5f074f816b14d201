// State machines as tables: every pair of state and event is listed, or explicitly ignored.

export const IGNORE = null;

/**
 * A table: state -> event -> next state, or IGNORE.
 * @template {string} S
 * @template {string} E
 * @typedef {Readonly<Record<S, Readonly<Record<E, S | null>>>>} Table
 */

/**
 * @template {string} S
 * @template {string} E
 * @param {Table<S, E>} table
 * @param {S} state
 * @param {E} event
 * @returns {S} the next state; the same one where the event is ignored
 */
export function next(table, state, event) {
  const row = table[state];
  if (!row || !(event in row)) throw new Error(`no entry for ${event} in state ${state}`);
  return row[event] ?? state;
}

/**
 * What a table lacks, for the test that requires it to be complete.
 * @param {Readonly<Record<string, Readonly<Record<string, string | null>>>>} table
 * @param {readonly string[]} states
 * @param {readonly string[]} events
 * @returns {string[]} "state/event" pairs that are missing, and targets that are no state
 */
export function gaps(table, states, events) {
  const out = [];
  for (const s of states) {
    for (const e of events) {
      if (!table[s] || !(e in table[s])) out.push(`${s}/${e}`);
    }
    for (const [e, to] of Object.entries(table[s] ?? {})) {
      if (!events.includes(e)) out.push(`${s}/${e} is no event`);
      if (to !== IGNORE && !states.includes(to)) out.push(`${s}/${e} -> ${to} is no state`);
    }
  }
  for (const s of Object.keys(table)) if (!states.includes(s)) out.push(`${s} is no state`);
  return out;
}
