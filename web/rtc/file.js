// One file over one data channel. The sender stays within the channel's buffer and within a window that the
// receiver opens as it writes, so neither side holds more than a few megabytes; the SHA-256 of the whole is
// checked at the end.
//
// On the channel: binary pieces of the file; text for the rest:
//   sender:   {"t":"end","sha256":HEX}         receiver:  {"t":"got","n":BYTES}  {"t":"ok"}
// {"t":"bad","error":CODE}
import { Sha256 } from '../core/sha256.js';

/** @typedef {(moved: number) => void} OnProgress */
/** @typedef {{write: (data: Uint8Array<ArrayBuffer>) => Promise<void>, finish: () => Promise<string | null>,
 *   abort: () => Promise<void>}} Sink  finish gives a URL when the file is in memory */

const PIECE = 64 * 1024;
const SMALL_PIECE = 16 * 1024;
const HIGH = 1 << 20;
const LOW = 256 * 1024;
const WINDOW = 8 << 20;
const ACK_EVERY = 512 * 1024;
const READ = 1 << 20;

export class FileError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** What the text messages say. @param {any} data @returns {any} */
function parse(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}

/** Ends when the channel does. @param {RTCDataChannel} channel @returns {Promise<never>} */
const broken = (channel) => new Promise((_, reject) => {
  const fail = () => reject(new FileError('connection'));
  channel.addEventListener('close', fail);
  channel.addEventListener('error', fail);
  if (channel.readyState === 'closed' || channel.readyState === 'closing') fail();
});

/**
 * @param {RTCDataChannel} channel  open
 * @param {Blob} file
 * @param {{onProgress?: OnProgress, maxMessage?: number}} [options]
 * @returns {Promise<string>} the SHA-256, when the other side has checked it
 * @throws {FileError} connection, hash_mismatch, disk, unreadable
 */
export async function sendFile(channel, file, { onProgress = () => {}, maxMessage = SMALL_PIECE } = {}) {
  const piece = maxMessage >= PIECE ? PIECE : SMALL_PIECE;
  const hash = new Sha256();
  let sent = 0;
  let got = 0;
  let wake = () => {};
  /** @type {(error: string | null) => void} */
  let answer = () => {};
  /** @type {Promise<string | null>} */
  const answered = new Promise((resolve) => { answer = resolve; });
  channel.bufferedAmountLowThreshold = LOW;
  channel.addEventListener('bufferedamountlow', () => wake());
  channel.addEventListener('message', ({ data }) => {
    const m = parse(data);
    if (m.t === 'got') {
      got = Math.max(got, Number(m.n) || 0);
      onProgress(Math.min(got, file.size));
      wake();
    } else if (m.t === 'ok') answer(null);
    else if (m.t === 'bad') answer(String(m.error));
  });
  const lost = broken(channel);
  lost.catch(() => {});
  let refused = false;
  answered.then(() => { refused = true; wake(); });
  const room = async () => {
    while (!refused && (channel.bufferedAmount > HIGH || sent - got > WINDOW)) {
      await Promise.race([new Promise((/** @type {(v: void) => void} */ r) => { wake = r; }), lost]);
    }
  };
  for (let at = 0; at < file.size && !refused; at += READ) {
    const bytes = new Uint8Array(await file.slice(at, at + READ).arrayBuffer()
      .catch(() => { throw new FileError('unreadable'); }));
    hash.update(bytes);
    for (let i = 0; i < bytes.length && !refused; i += piece) {
      await room();
      if (channel.readyState !== 'open') throw new FileError('connection');
      const part = bytes.subarray(i, i + piece);
      channel.send(part);
      sent += part.length;
    }
  }
  const hex = hash.hex();
  if (!refused) channel.send(JSON.stringify({ t: 'end', sha256: hex }));
  const error = await Promise.race([answered, lost]);
  if (error) throw new FileError(error);
  return hex;
}

/**
 * @param {RTCDataChannel} channel
 * @param {{size: number, sink: Sink, onProgress?: OnProgress, onChecking?: () => void}} options
 * @returns {Promise<{url: string | null, sha256: string}>}
 * @throws {FileError} connection, hash_mismatch, disk, too_large
 */
export async function receiveFile(channel, { size, sink, onProgress = () => {}, onChecking = () => {} }) {
  const hash = new Sha256();
  let moved = 0;
  let told = 0;
  /** @type {Promise<void>} */
  let work = Promise.resolve();
  const tell = (/** @type {any} */ m) => {
    if (channel.readyState === 'open') channel.send(JSON.stringify(m));
  };

  /** @param {ArrayBuffer} data */
  const piece = async (data) => {
    if (moved + data.byteLength > size) throw new FileError('too_large');
    const bytes = new Uint8Array(data);
    hash.update(bytes);
    await sink.write(bytes).catch(() => { throw new FileError('disk'); });
    moved += bytes.length;
    if (moved - told < ACK_EVERY && moved < size) return;
    told = moved;
    tell({ t: 'got', n: moved });
    onProgress(moved);
  };
  /** @param {any} m */
  const end = async (m) => {
    onChecking();
    const sha256 = hash.hex();
    if (moved !== size || m.sha256 !== sha256) throw new FileError('hash_mismatch');
    const url = await sink.finish().catch(() => { throw new FileError('disk'); });
    tell({ t: 'ok' });
    return { url, sha256 };
  };
  /** @type {Promise<{url: string | null, sha256: string}>} */
  const done = new Promise((resolve, reject) => {
    channel.addEventListener('message', ({ data }) => {
      work = work.then(async () => {
        if (typeof data !== 'string') return piece(data);
        const m = parse(data);
        if (m.t === 'end') resolve(await end(m));
      });
      work.catch(reject);
    });
  });
  try {
    return await Promise.race([done, broken(channel)]);
  } catch (e) {
    const error = e instanceof FileError ? e : new FileError('failed');
    tell({ t: 'bad', error: error.code });
    await sink.abort().catch(() => {});
    throw error;
  }
}
