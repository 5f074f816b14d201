// What the numbers of a peer connection mean for a person.

/** @typedef {import('../domain/types.js').PeerStats} PeerStats */
/** @typedef {{at: number, bytesIn: number, bytesOut: number, lost: number, received: number}} Sample */

/** The pair of candidates that is in use. @param {any[]} all  values of an RTCStatsReport */
function selectedPair(all) {
  const byId = new Map(all.map((s) => [s.id, s]));
  const transport = all.find((s) => s.type === 'transport' && s.selectedCandidatePairId);
  const pair = byId.get(transport?.selectedCandidatePairId)
    ?? all.find((s) => s.type === 'candidate-pair' && (s.selected || (s.nominated && s.state === 'succeeded')));
  return { pair, local: byId.get(pair?.localCandidateId), remote: byId.get(pair?.remoteCandidateId) };
}

/** Whether all goes over a relay, of either side.
 *  @param {Iterable<any>} report  values of an RTCStatsReport */
export function overRelay(report) {
  const { local, remote } = selectedPair([...report]);
  return local?.candidateType === 'relay' || remote?.candidateType === 'relay';
}

/**
 * @param {Iterable<any>} report  values of an RTCStatsReport
 * @param {Sample | null} before
 * @param {number} at  ms
 * @returns {{stats: PeerStats, sample: Sample}}
 */
export function digest(report, before, at) {
  const all = [...report];
  const { pair, local } = selectedPair(all);
  const inbound = all.filter((s) => s.type === 'inbound-rtp');
  const sum = (/** @type {any[]} */ list, /** @type {string} */ key) =>
    list.reduce((n, s) => n + (Number(s[key]) || 0), 0);
  const sample = {
    at, bytesIn: sum(inbound, 'bytesReceived'),
    bytesOut: sum(all.filter((s) => s.type === 'outbound-rtp'), 'bytesSent'),
    lost: sum(inbound, 'packetsLost'), received: sum(inbound, 'packetsReceived'),
  };
  const video = inbound.filter((s) => s.kind === 'video').sort((a, b) => (b.framesDecoded ?? 0) - (a.framesDecoded ?? 0))[0];
  const seconds = before ? Math.max(0.001, (at - before.at) / 1000) : 0;
  const kbps = (/** @type {'bytesIn'|'bytesOut'} */ k) =>
    (before ? Math.max(0, Math.round((sample[k] - before[k]) * 8 / 1000 / seconds)) : 0);
  const lost = before ? Math.max(0, sample.lost - before.lost) : 0;
  const received = before ? Math.max(0, sample.received - before.received) : 0;
  const lossPercent = lost + received ? Math.round(1000 * lost / (lost + received)) / 10 : 0;
  const rttMs = typeof pair?.currentRoundTripTime === 'number' ? Math.round(pair.currentRoundTripTime * 1000) : null;
  return {
    sample,
    stats: {
      rttMs, lossPercent, kbpsIn: kbps('bytesIn'), kbpsOut: kbps('bytesOut'),
      path: local?.candidateType ?? '', quality: quality(rttMs, lossPercent),
      framesDecoded: sum(inbound.filter((s) => s.kind === 'video'), 'framesDecoded'),
      width: video?.frameWidth ?? 0, height: video?.frameHeight ?? 0,
    },
  };
}

/** @param {number | null} rttMs @param {number} lossPercent @returns {0|1|2|3} 3 is good, 0 unknown */
function quality(rttMs, lossPercent) {
  if (rttMs === null) return 0;
  if (rttMs > 500 || lossPercent > 8) return 1;
  return rttMs > 250 || lossPercent > 2 ? 2 : 3;
}

/**
 * What has come in all, media and reports: it does not matter that some of it counts twice.
 * @param {Iterable<any>} report  values of an RTCStatsReport
 */
export const arrived = (report) => [...report].reduce((n, s) => n + (Number(s.bytesReceived) || 0), 0);

/** Sound flows when this many samples were played: what is waited for until it begins is over then. */
export const HEARD = 9600;

/** @param {any} inbound  of an RTCStatsReport: sound @returns {number} samples */
export const played = (inbound) => inbound.jitterBufferEmittedCount ?? 960 * (inbound.packetsReceived ?? 0);

/**
 * How loud somebody is heard, 0..1, without asking for statistics.
 * @param {RTCRtpReceiver} receiver
 */
export function loudness(receiver) {
  const source = receiver.getSynchronizationSources?.()[0];
  return source?.audioLevel ?? 0;
}
