// docs/metrics.md lists every metric that the program has. MADANG_WRITE_DOCS=1 writes it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { startServer } from '../lib/server.mjs';

const DOC = new URL('../../docs/metrics.md', import.meta.url);
const HEAD = `# Metrics

Everything at \`/metrics\`, by name. Which to look at first: [operating.md](operating.md). Those of push are there with \`push = on\`, those of the
SFU unless \`groups = never\`, those of the database and of people not in \`madang turn\`. Written by \`MADANG_WRITE_DOCS=1\` and \`tests/integration/metrics.test.mjs\`.

| metric | kind | |
|---|---|---|
`;

test('every metric is in the document', async (t) => {
  const server = await startServer({ args: ['--groups', 'auto', '--push', 'on', '--push-contact', 'mailto:mina@example.org'] });
  t.after(() => server.stop());
  const text = (await server.get('/metrics')).body.toString();
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, kind]) => `| \`${name}\` | ${kind} | ${help} |`);
  assert.ok(rows.length > 50, text);
  const doc = `${HEAD}${rows.sort().join('\n')}\n`;
  if (process.env.MADANG_WRITE_DOCS) writeFileSync(DOC, doc);
  assert.equal(readFileSync(DOC, 'utf8'), doc);
});
