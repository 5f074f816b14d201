// Firefox in a network namespace, driven from outside: firefox-ns.mjs NAMESPACE PROGRAM ARGUMENTS...
// It listens for WebDriver BiDi on loopback in the namespace. Here the same port is opened outside (Firefox
// checks the Host header), and each connection to it is carried in by a process of its own.
import { spawn } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const [ns, program, ...args] = process.argv.slice(2);

if (ns === '--carry') {
  const inner = net.connect(Number(program), '127.0.0.1');
  process.stdin.pipe(inner).pipe(process.stdout);
  for (const s of [inner, process.stdin, process.stdout]) s.on('error', () => process.exit());
  inner.on('close', () => process.exit());
} else {
  const enter = ['netns', 'exec', ns];
  let port = 0;
  const outer = net.createServer((socket) => {
    const carrier = spawn('ip', [...enter, process.execPath, fileURLToPath(import.meta.url), '--carry', `${port}`],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    socket.pipe(carrier.stdin);
    carrier.stdout.pipe(socket);
    for (const s of [socket, carrier.stdin, carrier.stdout]) s.on('error', () => carrier.kill());
    socket.on('close', () => carrier.kill());
  });
  outer.listen(0, '127.0.0.1', () => {
    ({ port } = /** @type {net.AddressInfo} */ (outer.address()));
    const own = args.map((a) => a.replace(/^(--remote-debugging-port=)\d+$/, `$1${port}`));
    const firefox = spawn('ip', [...enter, program, ...own], { stdio: 'inherit' });
    firefox.once('exit', (code) => process.exit(code ?? 1));
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) process.on(signal, () => firefox.kill(signal));
  });
}
