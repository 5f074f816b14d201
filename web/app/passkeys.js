// Passkeys: what WebAuthn wants as bytes, the protocol has as base64url.
import { ask } from './ask.js';

/** @typedef {import('./context.js').Context} Context */
/** Why there are none here. @typedef {'insecure'|'no_host'|'unsupported'|'off'|'untrusted'|null} Why */

const TIMEOUT_MS = 60_000;
const ALGORITHMS = [-7, -8, -257]; // ES256, EdDSA, RS256

/** @param {ArrayBuffer | Uint8Array} bytes */
export const toBase64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const fromBase64url = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/** @param {string} hostname */
const isAddress = (hostname) => hostname.startsWith('[') || hostname.includes(':') || /^[\d.]+$/.test(hostname);

/**
 * WebAuthn wants a host name and a certificate without errors. The second shows only when it is tried.
 * @param {{secure: boolean, hostname: string, supported: boolean, allowed: boolean}} o
 * @returns {Why}
 */
export function whyNot({ secure, hostname, supported, allowed }) {
  if (!allowed) return 'off';
  if (!secure) return 'insecure';
  if (isAddress(hostname)) return 'no_host';
  return supported ? null : 'unsupported';
}

/** @param {string[]} [ids] @returns {PublicKeyCredentialDescriptor[]} */
const keys = (ids = []) => ids.map((id) => ({ type: 'public-key', id: fromBase64url(id) }));

/** What the browser threw, as a code. @param {any} e */
function codeFor(e) {
  if (typeof e?.code === 'string') return e.code; // the server's
  const text = String(e?.message ?? '');
  if (/certificate|TLS/i.test(text)) return 'untrusted';
  if (e?.name === 'InvalidStateError') return 'passkey_known';
  if (e?.name === 'SecurityError') return 'no_host';
  return 'passkey_cancelled';
}

/** @template T @param {import('../core/log.js').Log} log @param {() => Promise<T>} fn */
async function coded(log, fn) {
  try {
    return await fn();
  } catch (e) {
    log.warn('passkey', `${e}`);
    throw Object.assign(new Error(String(e)), { code: codeFor(e), retryMs: /** @type {any} */ (e)?.retryMs });
  }
}

export class Passkeys {
  /**
   * @param {Context} c
   * @param {import('../net/api.js').Api} api
   * @param {CredentialsContainer | undefined} credentials
   */
  constructor(c, api, credentials) {
    this.c = c;
    this.api = api;
    this.credentials = credentials;
  }

  /** @returns {Why} */
  why() {
    const { account: { policy }, support: { secure } } = this.c.state();
    const { hostname } = this.c.env;
    return whyNot({ secure, hostname, supported: !!this.credentials, allowed: !!policy?.passkeys });
  }

  /** Without a name: the authenticator knows whose it is. @returns {Promise<any>} the answer of the server */
  signIn() {
    return ask(this.c, 'passkey', () => coded(this.c.log, async () => {
      const signed = await this.#sign(await this.api.post('passkey_begin'));
      return this.api.post('passkey_sign_in', signed);
    }));
  }

  /** That one is still there. @returns {Promise<any>} */
  confirm() {
    return ask(this.c, 'confirm', () => coded(this.c.log, async () => {
      const signed = await this.#sign(await this.c.sig.request('passkey_begin', { confirm: true }));
      return this.c.sig.request('passkey_confirm', signed);
    }));
  }

  /** @param {{challenge: string, rp: string, allow?: string[]}} begun */
  async #sign({ challenge, rp, allow }) {
    const got = /** @type {any} */ (await this.credentials?.get({ publicKey: {
      challenge: fromBase64url(challenge), rpId: rp, userVerification: 'required', timeout: TIMEOUT_MS, allowCredentials: keys(allow),
    } }));
    const { clientDataJSON, authenticatorData, signature, userHandle } = got.response;
    return {
      credential: toBase64url(got.rawId), client_data: toBase64url(clientDataJSON),
      auth_data: toBase64url(authenticatorData), signature: toBase64url(signature),
      ...(userHandle ? { user_handle: toBase64url(userHandle) } : {}),
    };
  }

  async load() {
    const answer = await ask(this.c, 'passkeys', () => this.c.sig.request('passkeys', {}));
    if (answer) this.c.dispatch({ type: 'account/lists', lists: { passkeys: answer.passkeys } });
  }

  /** @param {string} name  to tell it from others */
  async add(name) {
    const done = await ask(this.c, 'passkey_add', () => coded(this.c.log, async () => {
      const { challenge, rp, user, exclude } = await this.c.sig.request('passkey_begin', {});
      const made = /** @type {any} */ (await this.credentials?.create({ publicKey: {
        challenge: fromBase64url(challenge), rp: { id: rp, name: 'madang' }, timeout: TIMEOUT_MS, attestation: 'none',
        user: { id: fromBase64url(user.id), name: user.name, displayName: user.display },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: keys(exclude),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      } }));
      return this.c.sig.request('passkey_add', {
        name, client_data: toBase64url(made.response.clientDataJSON),
        attestation: toBase64url(made.response.attestationObject),
      });
    }));
    if (done) this.load();
    return !!done;
  }

  /** @param {string} key @param {string} name */
  async rename(key, name) {
    if (await ask(this.c, 'passkey_name', () => this.c.sig.request('passkey_name', { key, name }))) this.load();
  }

  /** @param {string} key */
  async remove(key) {
    if (await ask(this.c, 'passkey_remove', () => this.c.sig.request('passkey_remove', { key }))) this.load();
  }
}
