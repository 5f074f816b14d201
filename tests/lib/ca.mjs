// Certificates for tests: leaves signed by the key that madang keeps in DATA/tls/ca.pem, as a thief of
// that file could sign them, and browsers whose certificate store holds madang's root.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';

/** @param {string} file @param {string[]} args @returns {string} */
const run = (file, args) => execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The PEM blocks of a text. @param {string} pem @returns {string[]} */
export const pemBlocks = (pem) => pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? [];

/**
 * Signs a server certificate for `names` with the authority of a data folder, whatever its constraints say.
 * @param {string} data
 * @param {string[]} names "DNS:host" or "IP:address"
 * @param {{days?: number, from?: string, to?: string}} [o] from and to as YYYYMMDDHHMMSSZ
 * @returns {{key: string, cert: string, leaf: string, issuer: string}} cert: leaf and issuing certificate
 */
export function forge(data, names, o = {}) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-forge-'));
  try {
    const f = (/** @type {string} */ name) => path.join(dir, name);
    const [issuerKey, issuer] = pemBlocks(readFileSync(path.join(data, 'tls/ca.pem'), 'utf8'));
    writeFileSync(f('issuer.key'), issuerKey);
    writeFileSync(f('issuer.crt'), issuer);
    writeFileSync(f('index.txt'), '');
    writeFileSync(f('conf'), `[ca]\ndefault_ca=c\n[c]\ndatabase=${f('index.txt')}\nnew_certs_dir=${dir}\nrand_serial=yes\n` +
      `default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[x]\nbasicConstraints=critical,CA:FALSE\n` +
      `keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=${names.join(',')}\n`);
    run('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=forged',
      '-keyout', f('leaf.key'), '-out', f('leaf.csr')]);
    const life = o.from && o.to ? ['-startdate', o.from, '-enddate', o.to] : ['-days', `${o.days ?? 30}`];
    run('openssl', ['ca', '-batch', '-notext', '-config', f('conf'), '-extensions', 'x', '-cert', f('issuer.crt'),
      '-keyfile', f('issuer.key'), '-in', f('leaf.csr'), '-out', f('leaf.crt'), ...life]);
    const leaf = readFileSync(f('leaf.crt'), 'utf8');
    return { key: readFileSync(f('leaf.key'), 'utf8'), cert: leaf + issuer, leaf, issuer };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * `openssl verify` of a leaf under madang's root; the error's text, or 'OK'.
 * @param {string} root @param {string} issuer @param {string} leaf PEM texts @param {string[]} [options]
 */
export function opensslVerify(root, issuer, leaf, options = []) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-verify-'));
  try {
    const parts = { root, issuer, leaf };
    for (const [name, text] of Object.entries(parts)) writeFileSync(path.join(dir, name), text);
    run('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', path.join(dir, 'root'), '-untrusted',
      path.join(dir, 'issuer'), ...options, path.join(dir, 'leaf')]);
    return 'OK';
  } catch (e) {
    return /** @type {{stderr: string}} */ (e).stderr;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Makes an NSS store with one trusted root. @param {string} dir @param {string} rootFile */
export function nssStore(dir, rootFile) {
  mkdirSync(dir, { recursive: true });
  run('certutil', ['-N', '-d', `sql:${dir}`, '--empty-password']);
  run('certutil', ['-A', '-d', `sql:${dir}`, '-n', 'madang', '-t', 'C,,', '-i', rootFile]);
}

/**
 * An HTTPS server with any certificate, on loopback.
 * @param {{key: string, cert: string}} pair
 * @returns {Promise<{port: number, close: () => Promise<void>}>}
 */
export async function httpsWith(pair) {
  const server = https.createServer(pair, (_req, res) => res.end('<title>forged</title>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    port,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}
