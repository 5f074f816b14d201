// Watches what the threads of a running program ask the kernel for: Debian's strace, attached from outside and
// taken away again, with a file for each thread.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Calls that name a file or use a descriptor; with -y, descriptors are followed by what they are. */
const WATCHED = 'trace=%file,%desc';

/** @param {number} pid @returns {Map<string, string>} thread id: its name */
const threadsOf = (pid) => new Map(readdirSync(`/proc/${pid}/task`).map((tid) =>
  [tid, readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim()]));

/**
 * Begins; resolves when all threads that there are now are watched, and rejects with what strace says when it may not.
 * @param {number} pid
 * @returns {Promise<() => Promise<{thread: string, calls: string[]}[]>>} ends, and gives what each thread asked for
 */
export async function traceThreads(pid) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-trace-'));
  const threads = threadsOf(pid);
  const strace = spawn('strace', ['-f', '-ff', '-y', '-s', '0', '-e', WATCHED, '-e', 'signal=none', '-o', path.join(dir, 't'), '-p', `${pid}`],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let said = '';
  const ended = new Promise((resolve) => {
    strace.once('error', (e) => { said += `${e}`; resolve(undefined); });
    strace.once('exit', resolve);
  });
  const attached = new Promise((resolve) => {
    strace.stderr.on('data', (d) => {
      said += d;
      if (/attached( with \d+ threads)?\n/.test(said)) resolve(true);
    });
  });
  if (!(await Promise.race([attached, ended.then(() => false)])))
    throw new Error(`strace cannot watch the program; this test needs Debian's strace and the right to ptrace (root, or kernel.yama.ptrace_scope=0): ${said.trim()}`);
  return async () => {
    strace.kill('SIGINT');
    await ended;
    for (const [tid, name] of threadsOf(pid)) threads.set(tid, name);
    const found = readdirSync(dir).map((file) => ({
      thread: threads.get(file.slice(2)) ?? `thread ${file.slice(2)}, which has ended`,
      calls: readFileSync(path.join(dir, file), 'utf8').split('\n').filter(Boolean),
    }));
    rmSync(dir, { recursive: true });
    return found;
  };
}

/** Calls that take the name of a file. */
const NAMES_A_FILE = new RegExp(`^(${['open(at2?)?', 'creat', 'l?stat', 'newfstatat', 'statx', 'statfs', 'faccessat2?', 'access', 'readlink(at)?',
  'unlink(at)?', 'rename(at2?)?', 'mkdir(at)?', 'rmdir', '(sym)?link(at)?', 'truncate', 'fchmodat', 'chmod', 'l?chown', 'fchownat',
  'utimensat', 'chdir', 'mknod(at)?', 'inotify_add_watch', 'execve'].join('|')})\\(`);
/** A descriptor of a file or a folder: its path follows it. Sockets are <socket:…>, <UDP:…>, <anon_inode:…>. */
const HAS_A_FILE = /\(\d+<\/(?!dev\/null>)/;

/** The calls among these that go to files. @param {string[]} calls */
export const fileCalls = (calls) => calls.filter((c) => NAMES_A_FILE.test(c) || HAS_A_FILE.test(c));
