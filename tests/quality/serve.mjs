// The measuring page, on loopback in a client's namespace: serve.mjs PORT. Browsers give microphones to pages of "localhost".
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DIR = fileURLToPath(new URL('page', import.meta.url));
const TYPES = /** @type {Record<string, string>} */ ({ '.html': 'text/html', '.mjs': 'text/javascript' });

http.createServer((req, res) => {
  const name = path.basename(req.url ?? '') || 'index.html';
  try {
    const body = readFileSync(path.join(DIR, name));
    res.writeHead(200, { 'content-type': TYPES[path.extname(name)] ?? 'text/plain' }).end(body);
  } catch {
    res.writeHead(404).end();
  }
}).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'));
