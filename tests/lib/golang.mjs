// Programs in Go, with what Debian's golang-*-dev packages have.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Builds one source file into `dir`. Pion's library has its version in its path: Go finds that only from inside a tree with a go.mod.
 *  @param {string} source @param {string} dir @returns {Promise<string>} the program */
export async function buildGo(source, dir) {
  const name = path.basename(source, '.go');
  const src = path.join(dir, 'src', name);
  mkdirSync(src, { recursive: true });
  copyFileSync(source, path.join(src, 'main.go'));
  writeFileSync(path.join(src, 'go.mod'), `module ${name}\n`);
  const out = path.join(dir, name);
  await run('go', ['build', '-o', out, '.'], { cwd: src, timeout: 300_000, env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '-p=2',
    GOPATH: `${dir}:/usr/share/gocode`, GOCACHE: process.env.GOCACHE ?? path.join(os.homedir(), '.cache/go-build') } });
  return out;
}
