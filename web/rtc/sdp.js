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
