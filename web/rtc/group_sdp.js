// Offers to the server, made short: with forty lines they would be longer than a message may be.

/** Header extensions that the server forwards, or works with. */
const EXTENSIONS = [
  'urn:ietf:params:rtp-hdrext:sdes:mid', 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
];

/** Candidates are those of the first line: all are one transport. What only says what is so anyway goes, too.
 * @param {string} sdp */
export function slim(sdp) {
  return sdp.split(/(?=^m=)/m).map((part, i) => {
    const lines = part.split('\r\n').filter((l) => {
      if (l.startsWith('a=extmap:')) return EXTENSIONS.includes(l.split(' ')[1]);
      if (l.startsWith('a=rtcp:') || l === 'a=ice-options:trickle') return false;
      return i < 2 || !(l.startsWith('a=candidate:') || l === 'a=end-of-candidates');
    });
    return lines.join('\r\n');
  }).join('');
}

/** Of what a browser could receive, what anybody sends: each codec once, with what is sent again.
 * @template {{mimeType: string, sdpFmtpLine?: string}} C
 * @param {readonly C[]} codecs  of RTCRtpReceiver.getCapabilities('video') @returns {C[]} */
export function received(codecs) {
  const rank = (/** @type {C} */ { mimeType, sdpFmtpLine: f = '' }) => {
    const name = mimeType.toLowerCase();
    if (name === 'video/vp8') return 0;
    if (name === 'video/vp9') return !f.includes('profile-id=') || f.includes('profile-id=0') ? 1 : -1;
    if (name === 'video/h264') return f.includes('packetization-mode=1') && /profile-level-id=42e0/i.test(f) ? 2 : -1;
    if (name === 'video/av1') return !f.includes('profile=') || f.includes('profile=0') ? 3 : -1;
    return name === 'video/rtx' ? 4 : -1;
  };
  return codecs.filter((c) => rank(c) >= 0).sort((a, b) => rank(a) - rank(b));
}
