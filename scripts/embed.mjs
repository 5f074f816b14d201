// embed.mjs WEB OUT: writes OUT/assets.S and OUT/assets_table.c, the web page as data in the binary.
// See src/edge/web/assets.h for what the table means.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const AT_ROOT = /^(index\.html|watch\.html|robots\.txt|favicon\.[a-z]+|manifest\.webmanifest|sw\.js)$/;
const SKIP = /(\.d\.ts|\.md|~|\.swp|\.orig|\.rej)$|(^|\/)\./;
const types = readTypes();
const [web, out] = process.argv.slice(2);
if (!web || !out) {
  console.error('usage: embed.mjs WEB OUT');
  process.exit(2);
}

/** The list that the server uses too. @returns {[string, string][]} */
function readTypes() {
  const header = join(dirname(fileURLToPath(import.meta.url)), '../src/edge/web/asset_types.h');
  return [...readFileSync(header, 'utf8').matchAll(/^TYPE\("(.+?)", "(.+?)"\)/gm)].map((m) => [m[1], m[2]]);
}

/** @param {string} dir @returns {string[]} */
function walk(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)]);
}

/** @param {string | Buffer} data */
const hash = (data) => createHash('sha256').update(data).digest('hex').slice(0, 16);

const files = walk(web)
  .map((file) => ({ path: relative(web, file), raw: readFileSync(file) }))
  .filter((f) => !SKIP.test(f.path))
  .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));

const tree = hash(files.map((f) => `${f.path}\0${hash(f.raw)}\n`).join(''));

const stage = join(out, 'assets');
rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });

// cet.h marks the object as fit for control-flow enforcement, as the compiler does with C.
let asm = '/* Made by scripts/embed.mjs. */\n#ifdef __CET__\n#include <cet.h>\n#endif\n    .section .rodata\n';
let table = '';
files.forEach((f, i) => {
  const atRoot = AT_ROOT.test(f.path);
  const raw = atRoot && !/\.(ico|png)$/.test(f.path)
    ? Buffer.from(f.raw.toString('utf8').replaceAll('@ASSETS@', `/a/${tree}`)) : f.raw;
  const gz = gzipSync(raw, { level: 9 });
  const useGz = gz.length < raw.length - 64;
  const type = types.find(([ending]) => f.path.endsWith(ending))?.[1] ?? 'application/octet-stream';
  const emit = (/** @type {string} */ kind, /** @type {Buffer} */ data) => {
    const file = join(stage, `${i}.${kind}`);
    writeFileSync(file, data);
    asm += `    .balign 16\n    .globl asset_${i}_${kind}\nasset_${i}_${kind}:\n    .incbin ${JSON.stringify(file)}\n`;
  };
  emit('raw', raw);
  if (useGz) emit('gz', gz);
  table += `    {${JSON.stringify(f.path)}, ${JSON.stringify(type)}, asset_${i}_raw, ${raw.length}, `
    + `${useGz ? `asset_${i}_gz, ${gz.length}` : 'NULL, 0'}, ${JSON.stringify(`"${hash(raw)}"`)}, ${atRoot}},\n`;
});
asm += '    .section .note.GNU-stack,"",%progbits\n';

const externs = [...asm.matchAll(/^(asset_\w+):/gm)].map((m) => `extern const unsigned char ${m[1]}[];\n`).join('');
writeFileSync(join(out, 'assets.S'), asm);
writeFileSync(join(out, 'assets_table.c'), `/* Made by scripts/embed.mjs. */
#include "edge/web/assets.h"

${externs}
const struct asset assets_table[] = {
${table}};
const size_t assets_count = ${files.length};
const char assets_tree[] = "${tree}";
`);
