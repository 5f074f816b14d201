// Server-sent events from pieces of text. Lines end with LF only: in our streams a CR is data
// (docs/protocol.md section 7).

const CAP = 1 << 20;

/** @typedef {{tab: string, id: number | null, data: string}} StreamEvent */

export class SseParser {
  constructor() {
    this.rest = '';
    this.event = '';
    /** @type {number | null} */
    this.id = null;
    /** @type {string[]} */
    this.data = [];
    this.size = 0;
  }

  #reset() {
    this.event = '';
    this.id = null;
    this.data = [];
    this.size = 0;
  }

  /**
   * @param {string} text
   * @returns {StreamEvent[]}
   * @throws {Error} when an event is larger than anything the server sends
   */
  push(text) {
    const lines = (this.rest + text).split('\n');
    this.rest = /** @type {string} */ (lines.pop());
    if (this.rest.length > CAP) throw new Error('line too long');
    /** @type {StreamEvent[]} */
    const out = [];
    for (const line of lines) {
      if (line !== '') {
        this.#line(line);
      } else {
        if (this.data.length) out.push({ tab: this.event, id: this.id, data: this.data.join('\n') });
        this.#reset();
      }
    }
    return out;
  }

  /** @param {string} line */
  #line(line) {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'event') this.event = value;
    else if (field === 'id') this.id = /^\d+$/.test(value) ? Number(value) : null;
    else if (field === 'data') {
      this.data.push(value);
      this.size += value.length;
      if (this.size > CAP) throw new Error('event too large');
    }
  }
}
