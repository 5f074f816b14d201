// Before two pages connect they greet each other: which page (instance) is behind a session, and which
// connections it holds. Sessions change when the server is started again; pages and their connections do
// not, and so find each other again. A greeting travels as a `cand` with this connection name. A connection's
// name is known to its two ends only, and is shown to a third in no greeting: a hash of it with both
// sessions is.
import { Sha256 } from '../core/sha256.js';

export const GREETING = 'hello';

const ID = /^[A-Za-z0-9_-]{1,32}$/;

/** @typedef {{instance: string, proofs: string[]}} Greeting */

/**
 * That `from` holds this connection, for `to` to check.
 * @param {string} conn @param {string} from  session @param {string} to  session
 */
export const proof = (conn, from, to) =>
  new Sha256().update(new TextEncoder().encode(`${conn}|${from}|${to}`)).hex().slice(0, 32);

/** @param {Greeting} greeting */
export const toGreeting = ({ instance, proofs }) =>
  [`a=madang-instance:${instance}`, ...proofs.slice(0, 50).map((p) => `a=madang-holds:${p}`), ''].join('\r\n');

/** @param {string} body @returns {Greeting | null} */
export function fromGreeting(body) {
  const lines = body.split(/\r?\n/);
  const all = (/** @type {string} */ name) => lines.filter((l) => l.startsWith(`a=madang-${name}:`))
    .map((l) => l.slice(`a=madang-${name}:`.length)).filter((v) => ID.test(v));
  const [instance] = all('instance');
  return instance ? { instance, proofs: all('holds').slice(0, 50) } : null;
}
