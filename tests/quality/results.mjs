// What was measured is kept in results.json, one entry for each row, server and browser; docs/quality.md is made of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { render } from './table.mjs';

const FILE = fileURLToPath(new URL('results.json', import.meta.url));
export const DOC = fileURLToPath(new URL('../../docs/quality.md', import.meta.url));
const [BEGIN, END] = ['<!-- written by make quality -->\n', '<!-- end -->'];

/** @typedef {import('./numbers.mjs').Numbers & {recoveryMs: number | null}} Viewer */
/**
 * @typedef {{fault: string, way: string, server: string, browser: string, seconds: number, day: string, idle: number,
 *   viewers: Viewer[]}} Result
 */

/** @returns {Result[]} */
export const results = () => JSON.parse(readFileSync(FILE, 'utf8'));

/** @param {{fault: string, way: string, server: string, browser: string}} r */
const key = (r) => [r.fault, r.way, r.server.toLowerCase(), r.browser].join();

/** Was it measured for at least so long? @param {{fault: string, way: string, server: string, browser: string, seconds: number}} job */
export const known = (job) => results().some((r) => key(r) === key(job) && r.seconds >= job.seconds);

/** Less idle time than this, and the machine has been measured, not the server. */
const IDLE_MIN = 0.2;

/** Rounded: more would be noise, and differences in every line.
 *  @param {Result} result @returns {boolean} false: it is void */
export function keep(result) {
  if (result.idle < IDLE_MIN) return false;
  const all = results().filter((r) => key(r) !== key(result));
  all.push(JSON.parse(JSON.stringify(result, (_, v) => (typeof v === 'number' ? Math.round(v * 1000) / 1000 : v))));
  all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  writeFileSync(FILE, `[\n${all.map((r) => ` ${JSON.stringify(r)}`).join(',\n')}\n]\n`);
  writeFileSync(DOC, page(all).should);
  return true;
}

/** docs/quality.md with the tables of these results in their place. @param {Result[]} all */
export function page(all) {
  const text = readFileSync(DOC, 'utf8');
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  return { is: text, should: `${text.slice(0, from)}${render(all)}${text.slice(to)}` };
}
