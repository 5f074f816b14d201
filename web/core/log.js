// The page's log: a ring of the last lines, each with the session's id, so that the server's log and
// the page's can be laid side by side. With ?debug in the address the lines go to the console too.

/** @typedef {'debug'|'info'|'warn'|'error'} Level */
/** @typedef {{at: number, level: Level, session: string, where: string, text: string}} LogLine */

export class Log {
  /** @param {{now?: () => number, echo?: (line: LogLine) => void, size?: number}} [options] */
  constructor({ now = Date.now, echo, size = 500 } = {}) {
    this.now = now;
    this.echo = echo;
    this.size = size;
    this.session = '-';
    /** @type {LogLine[]} */
    this.lines = [];
  }

  /**
   * @param {Level} level
   * @param {string} where  the part of the page: "net", "peer" ...
   * @param {string} text
   */
  write(level, where, text) {
    const line = { at: this.now(), level, session: this.session, where, text };
    this.lines.push(line);
    if (this.lines.length > this.size) this.lines.splice(0, this.lines.length - this.size);
    this.echo?.(line);
  }

  /** @param {string} where @param {string} text */
  debug(where, text) { this.write('debug', where, text); }
  /** @param {string} where @param {string} text */
  info(where, text) { this.write('info', where, text); }
  /** @param {string} where @param {string} text */
  warn(where, text) { this.write('warn', where, text); }
  /** @param {string} where @param {string} text */
  error(where, text) { this.write('error', where, text); }

  /** @returns {string} the whole ring as text */
  dump() {
    return this.lines.map((l) =>
      `${new Date(l.at).toISOString()} ${l.level} ${l.session} ${l.where}: ${l.text}`).join('\n');
  }
}
