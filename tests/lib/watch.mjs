// A test file that does not end says why before its time is up: the test that it hangs in, or what has been left open
// after the last one, and the end of each server's log. Then it ends, and what had passed is still reported.
import { after, afterEach, beforeEach } from 'node:test';

/** Set by scripts/test-lib.sh, which ends the file itself a little later. */
const SECONDS = Number(process.env.MADANG_TEST_SECONDS ?? 0);
/** The hooks after the last test may take so long: servers and browsers are stopped there. */
const CLOSING_S = 60;
const LOG_END = 3000;

/** @type {Set<import('./server.mjs').Server>} */
const servers = new Set();
let where = 'before the first test';

/** @param {import('./server.mjs').Server} server */
export const watch = (server) => { servers.add(server); };
/** @param {import('./server.mjs').Server} server */
export const unwatch = (server) => { servers.delete(server); };

function giveUp() {
  const said = [...servers].map((s) => `the log of the server on port ${s.port}, ${s.alive() ? 'which is alive' : 'which has ended'}:\n${s.log().slice(-LOG_END)}`);
  const open = /** @type {any} */ (process).getActiveResourcesInfo?.() ?? [];
  const text = [`this file does not end: ${where}`, `open: ${[...new Set(open)].sort().join(' ')}`, ...said].join('\n');
  process.stderr.write(text.replace(/^/gm, 'HUNG: ') + '\n');
  for (const s of servers) if (s.alive()) process.kill(s.pid, 'SIGKILL');
  process.exit(1);
}

/** Holds nothing up itself. @param {number} s */
const giveUpIn = (s) => setTimeout(giveUp, s * 1000).unref();

if (SECONDS) giveUpIn(SECONDS);
beforeEach((t) => { where = `it hangs in "${/** @type {any} */ (t).name}"`; });
afterEach(() => { where = 'it hangs between two tests'; });
after(() => {
  where = 'all tests are over, and something is still open';
  giveUpIn(CLOSING_S);
});
