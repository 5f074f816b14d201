// Trickled candidates as an sdpfrag (RFC 8840 section 9), and back.

/** @typedef {{candidate: string, sdpMid: string | null, usernameFragment: string | null}} Candidate */

/**
 * @param {Candidate[]} candidates  an empty `candidate` says that there are no more for its mid
 * @returns {string}
 */
export function toFrag(candidates) {
  let out = '';
  let ufrag = '';
  /** @type {string | null} */
  let mid = null;
  for (const c of candidates) {
    if (c.usernameFragment && c.usernameFragment !== ufrag) {
      ufrag = c.usernameFragment;
      mid = null;
      out += `a=ice-ufrag:${ufrag}\r\n`;
    }
    if (mid !== (c.sdpMid ?? '0')) {
      mid = c.sdpMid ?? '0';
      out += `a=mid:${mid}\r\n`;
    }
    out += c.candidate ? `a=${c.candidate.replace(/^a=/, '')}\r\n` : 'a=end-of-candidates\r\n';
  }
  return out;
}

/** @param {string} frag @returns {Candidate[]} at most 100 */
export function fromFrag(frag) {
  /** @type {Candidate[]} */
  const out = [];
  /** @type {string | null} */
  let usernameFragment = null;
  /** @type {string | null} */
  let sdpMid = '0';
  for (const line of frag.split(/\r?\n/)) {
    if (out.length >= 100) break;
    if (line.startsWith('a=ice-ufrag:')) usernameFragment = line.slice(12);
    else if (line.startsWith('a=mid:')) sdpMid = line.slice(6);
    else if (line.startsWith('a=candidate:')) out.push({ candidate: line.slice(2), sdpMid, usernameFragment });
    else if (line === 'a=end-of-candidates') out.push({ candidate: '', sdpMid, usernameFragment });
  }
  return out;
}
