// The little that is changed in descriptions.

const OPUS = /** @type {const} */ ({ useinbandfec: '1', usedtx: '1' });

/**
 * Asks oneself, in the other side's name, for opus with in-band FEC and DTX: both are what a receiver may
 * ask for (RFC 7587 section 7.1), so they go into the remote description.
 * @param {string} sdp
 * @returns {string}
 */
export function opusFecDtx(sdp) {
  const parts = sdp.split(/(?=^m=)/m);
  return parts.map((part) => {
    if (!part.startsWith('m=audio')) return part;
    const type = /^a=rtpmap:(\d+) opus\/48000/mi.exec(part)?.[1];
    if (!type) return part;
    const line = new RegExp(`^a=fmtp:${type} (.*?)(\\r?)$`, 'm');
    if (!line.test(part)) {
      return part.replace(new RegExp(`^(a=rtpmap:${type} [^\\r\\n]*)(\\r?\\n)`, 'm'),
        (_, map, end) => `${map}${end}a=fmtp:${type} ${merge('')}${end}`);
    }
    return part.replace(line, (_, params, end) => `a=fmtp:${type} ${merge(params)}${end}`);
  }).join('');
}

/** @param {string} params */
function merge(params) {
  const rest = params.split(';').map((p) => p.trim())
    .filter((p) => p && !Object.keys(OPUS).includes(p.split('=')[0].toLowerCase()));
  return [...rest, ...Object.entries(OPUS).map(([k, v]) => `${k}=${v}`)].join(';');
}

/** The DTLS role of a description's author: only answers name it.
 *  @param {string} sdp @returns {'active'|'passive'|''} */
export function roleOf(sdp) {
  const role = /^a=setup:(active|passive)\r?$/m.exec(sdp)?.[1];
  return /** @type {'active'|'passive'|undefined} */ (role) ?? '';
}

/**
 * A later offer of the other side, with the DTLS role that it has already, instead of "either": Firefox
 * answers such an offer as the active side, also where it is the passive one, and Chromium refuses that.
 * @param {string} sdp
 * @param {'active'|'passive'|''} role
 */
export const withRole = (sdp, role) => (role ? sdp.replace(/^a=setup:actpass(?=\r?$)/mg, `a=setup:${role}`) : sdp);

/**
 * Without attributes of payload types that their m-line does not have: Firefox writes such lines into its
 * later offers, and Chromium refuses them.
 * @param {string} sdp
 */
export const withoutStrays = (sdp) => sdp.split(/(?=^m=)/m).map((part) => {
  const types = /^m=(?:audio|video) \S+ \S+ ([^\r\n]*)/.exec(part)?.[1].split(' ');
  if (!types) return part;
  return part.replace(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) .*\r?\n/gm, (line, type) => (types.includes(type) ? line : ''));
}).join('');

const ANSWERS = 'a=madang-answers:';

/** What tells an offer from those before and after it: the version of its origin line and its ICE user name.
 *  @param {string} sdp @returns {string} '' when there is neither */
export function offerMark(sdp) {
  const version = /^o=\S+ \d+ (\d+) /m.exec(sdp)?.[1] ?? '';
  const ufrag = /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';
  return version || ufrag ? `${version}.${ufrag}` : '';
}

/** An answer that says what it answers. @param {string} answer @param {string} offer @returns {string} */
export function markAnswer(answer, offer) {
  const mark = offerMark(offer);
  return mark ? `${answer.replace(/\r?\n$/, '')}\r\n${ANSWERS}${mark}\r\n` : answer;
}

/** Whether an answer may be one to this offer; one that doesn't say is taken.
 *  @param {string} answer @param {string} offer @returns {boolean} */
export function answers(answer, offer) {
  const at = answer.indexOf(`\n${ANSWERS}`);
  return at < 0 || answer.slice(at + 1 + ANSWERS.length).split(/\r?\n/, 1)[0] === offerMark(offer);
}
