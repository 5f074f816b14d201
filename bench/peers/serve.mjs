// PORT [CERT KEY]: the HTTP or HTTPS server that a peer hangs on.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [port, cert, key] = process.argv.slice(2);

/** @type {http.RequestListener} */
const answer = (req, res) => {
  const ok = req.url === '/healthz';
  res.writeHead(ok ? 200 : 404, { 'content-type': 'application/json' });
  res.end(ok ? '{"status":"ok"}' : '{}');
};

export const server = cert
  ? https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer)
  : http.createServer(answer);
export const listen = () => server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
