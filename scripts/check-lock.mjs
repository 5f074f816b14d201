// check-lock.mjs: what the lock files promise. No package comes from anywhere but the public registry,
// every package has a checksum, and all of them accept Debian 12's Node (18.20).
import { existsSync, readFileSync } from 'node:fs';
// @ts-expect-error -- comes with another package, without types
import semver from 'semver';

const debian = '18.20.4';
let problems = 0;
for (const file of ['package-lock.json', 'bench/package-lock.json'].filter((f) => existsSync(f))) {
  for (const [name, p] of Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages)) {
    const say = (/** @type {string} */ text) => { problems++; console.log(`${file}: ${name || 'itself'}: ${text}`); };
    if (name && !p.link && !p.integrity) say('has no checksum');
    if (p.resolved && !p.resolved.startsWith('https://registry.npmjs.org/')) say(`comes from ${p.resolved}`);
    if (p.engines?.node && !semver.satisfies(debian, p.engines.node)) say(`wants node ${p.engines.node}`);
  }
}
if (problems) process.exit(1);
