// Ways to the others: the server's STUN and TURN, and what is told of oneself when only relays may be used.

/** @typedef {{stunPort: number, turn: {udp: number, tcp: number, tls: boolean} | null}} Servers  of hello's
 *   answer */
/** @typedef {{username: string, credential: string}} Credential  of a joined room */
/** @typedef {'udp'|'tcp'|'tls'} Transport */
/**
 * What a peer is made with. relaysFirst: as relayOnly until open() is called.
 * @typedef {{iceServers?: RTCIceServer[], relayOnly?: boolean, relaysFirst?: boolean}} Ice
 */

/** @type {readonly Transport[]} */
export const TRANSPORTS = ['udp', 'tcp', 'tls'];

/**
 * TURN over UDP, plain TCP and TLS: a browser whose user clicked through a warning about the certificate gets
 * nothing over TLS (and loses nothing by trying), and plain TCP is the way where UDP is blocked.
 * @param {object} o
 * @param {string} o.host  as the page's address has it: IPv6 in brackets, or not
 * @param {Servers} o.servers
 * @param {Credential | null | undefined} o.relay
 * @param {readonly Transport[]} [o.transports]  to relays
 * @returns {RTCIceServer[]}
 */
export function iceServers({ host: name, servers: { stunPort, turn }, relay, transports = TRANSPORTS }) {
  const host = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  const urls = [];
  if (turn && transports.includes('udp') && turn.udp) urls.push(`turn:${host}:${turn.udp}?transport=udp`);
  if (turn && transports.includes('tcp') && turn.tcp) urls.push(`turn:${host}:${turn.tcp}?transport=tcp`);
  if (turn?.tls && transports.includes('tls') && turn.tcp) urls.push(`turns:${host}:${turn.tcp}?transport=tcp`);
  return [
    ...(stunPort ? [{ urls: `stun:${host}:${stunPort}` }] : []),
    ...(relay && urls.length ? [{ urls, ...relay }] : []),
  ];
}

/** A candidate as those get it who must not know one's address: without that in it, or null.
 *  @param {string} candidate  "candidate:…", "" for the end */
export function hidden(candidate) {
  if (candidate === '') return '';
  if (!/ typ relay( |\r?$)/.test(candidate)) return null;
  return candidate.replace(/ raddr (\S+) rport \d+/, (_, a) => ` raddr ${a.includes(':') ? '::' : '0.0.0.0'} rport 0`);
}

/** The same for a whole description. @param {string} sdp */
export const hiddenSdp = (sdp) => sdp
  .replace(/^a=(candidate:[^\r\n]*)\r?\n/gm, (_, candidate) => {
    const c = hidden(candidate);
    return c === null ? '' : `a=${c}\r\n`;
  })
  .replace(/^c=IN IP4 [^\r\n]*/gm, 'c=IN IP4 0.0.0.0').replace(/^c=IN IP6 [^\r\n]*/gm, 'c=IN IP6 ::')
  .replace(/^a=rtcp:\d+ IN IP[^\r\n]*/gm, 'a=rtcp:9 IN IP4 0.0.0.0');
