// Tables in docs/nat-table.md that tests write (MADANG_WRITE_DOCS set) or compare with what they measured.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../docs/nat-table.md');

/**
 * The text between the two comments of that name.
 * @param {string} name @param {string} text @param {(text: string) => string} [essence]  what of it has to be the same
 */
export function section(name, text, essence = (x) => x) {
  const all = readFileSync(FILE, 'utf8');
  const [begin, end] = [`<!-- ${name}: written by a test -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [all.indexOf(begin), all.indexOf(end)];
  assert.ok(from >= 0 && to > from, `docs/nat-table.md has a place for ${name}`);
  if (process.env.MADANG_WRITE_DOCS) {
    writeFileSync(FILE, `${all.slice(0, from)}${begin}${text}\n${all.slice(to)}`);
    return;
  }
  assert.equal(essence(text), essence(all.slice(from + begin.length, to).trim()), 'docs/nat-table.md is out of date: make nat-table');
}
