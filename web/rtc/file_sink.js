// Where a received file goes: to disk as it comes, where the browser can; otherwise into memory.
import { FileError } from './file.js';

/** @typedef {import('./file.js').Sink} Sink */

export const MEMORY_CAP = 200 * 1024 * 1024;
export const DISK_CAP = 2 ** 40;

export const canStreamToDisk = () => typeof (/** @type {any} */ (globalThis).showSaveFilePicker) === 'function';

/**
 * Asks the person where to; must be called within a click.
 * @param {string} name
 * @returns {Promise<Sink>}
 * @throws {FileError} cancelled
 */
export async function diskSink(name) {
  const picker = /** @type {any} */ (globalThis).showSaveFilePicker;
  const handle = await picker({ suggestedName: name }).catch(() => { throw new FileError('cancelled'); });
  const out = await handle.createWritable().catch(() => { throw new FileError('disk'); });
  return {
    write: (data) => out.write(data),
    async finish() {
      await out.close();
      return null;
    },
    abort: () => out.abort(),
  };
}

/**
 * @param {number} size
 * @param {string} mime
 * @returns {Sink}
 * @throws {FileError} too_large
 */
export function memorySink(size, mime) {
  if (size > MEMORY_CAP) throw new FileError('too_large');
  /** @type {BlobPart[]} */
  let parts = [];
  return {
    async write(data) { parts.push(data); },
    async finish() {
      // Never a type that a browser would show as a page of ours.
      const safe = /^(image\/(png|jpeg|gif|webp)|audio\/|video\/|application\/pdf)/.test(mime);
      return URL.createObjectURL(new Blob(parts, { type: safe ? mime : 'application/octet-stream' }));
    },
    async abort() { parts = []; },
  };
}
