// Other people's WebRTC by WHIP and WHEP: programs of ours around their libraries (tests/netlab/foreign), each of which takes
// "publish|view URL TOKEN" and tells on its output how it goes.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BIN } from './server.mjs';

const run = promisify(execFile);
export const FOREIGN = path.join(path.dirname(fileURLToPath(import.meta.url)), '../netlab/foreign');
export const AIORTC = ['/usr/bin/python3', path.join(FOREIGN, 'aiortc_whip.py')];
export const WEBRTCBIN = ['/usr/bin/python3', path.join(FOREIGN, 'webrtcbin_whip.py')];
export const DATACHANNEL = [process.execPath, path.join(FOREIGN, 'datachannel_whip.mjs')];

/** What `madang token` gives beside a running server. @param {import('./server.mjs').Server} server @param {string[]} args */
export async function operatorsToken(server, ...args) {
  const { stdout } = await run(BIN, ['token', '--data', server.data, ...args]);
  return {
    token: /^token: +(\S+)$/m.exec(stdout)?.[1] ?? '',
    room: /^room: .*\/r\/(\w+)$/m.exec(stdout)?.[1] ?? '',
  };
}

/** A program that runs. */
export class Foreign {
  /** @param {string[]} command @param {string[]} args */
  constructor([file, ...first], ...args) {
    this.text = '';
    this.child = spawn(file, [...first, ...args], { stdio: ['pipe', 'pipe', 'inherit'], timeout: 180_000 });
    this.child.stdout?.on('data', (piece) => { this.text += piece; });
    this.over = once(this.child, 'exit');
  }

  /** Until it has said so. @param {RegExp} line @returns {Promise<RegExpExecArray>} */
  says(line) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = line.exec(this.text);
        if (found) resolve(found);
        return !!found;
      };
      if (look()) return;
      this.child.stdout?.on('data', look);
      this.over.then(() => look() || reject(new Error(`it ended without ${line}: ${this.text}`)));
    });
  }

  /** @param {string} line */
  tell(line) {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Kills it, if it is there. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.over;
  }
}
