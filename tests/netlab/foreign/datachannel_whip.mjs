// libdatachannel by WHIP, in the way in which OBS Studio uses it (its plugins/obs-webrtc: one line of Opus, one of H.264 from the
// packetizers of the library, no candidates after the offer): publish URL TOKEN. Publishes what FFmpeg has encoded until a line comes
// on standard input, then ends its session.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import dc from 'node-datachannel';

const [, , , url, token] = process.argv;
const FPS = 15, SSRC = 271828001;

/** @param {string[]} args */
const ffmpeg = (...args) => execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-t', '4', '-f', 'lavfi', ...args, '-'],
  { maxBuffer: 1 << 26 });

/** Pictures with start codes, as encoders give them: told apart by the delimiter that libx264 was asked for, and sent without it. */
function pictures() {
  const all = ffmpeg('-i', `testsrc=size=320x240:rate=${FPS}`, '-c:v', 'libx264', '-profile:v', 'baseline', '-tune', 'zerolatency',
    '-pix_fmt', 'yuv420p', '-g', String(FPS), '-x264-params', 'aud=1', '-f', 'h264');
  const delimiter = Buffer.from([0, 0, 0, 1, 9]), begins = [];
  for (let at = all.indexOf(delimiter); at >= 0; at = all.indexOf(delimiter, at + 1)) begins.push(at);
  return begins.map((at, i) => all.subarray(at + 6, begins[i + 1]));
}

/** The packets of an Ogg file (RFC 3533) with one packet to a page, without its two headers. */
function sounds() {
  const all = ffmpeg('-i', 'sine=frequency=440:sample_rate=48000', '-c:a', 'libopus', '-page_duration', '20000', '-f', 'ogg'), packets = [];
  for (let at = 0; at < all.length;) {
    const lacing = all.subarray(at + 27, at + 27 + all[at + 26]);
    const body = at + 27 + lacing.length, size = lacing.reduce((sum, n) => sum + n, 0);
    packets.push(all.subarray(body, body + size));
    at = body + size;
  }
  return packets.slice(2);
}

/** @param {'audio' | 'video'} kind @param {number} clock @param {number} type */
function config(kind, clock, type) {
  const line = kind === 'audio' ? new dc.Audio('0', 'SendOnly') : new dc.Video('1', 'SendOnly');
  if (line instanceof dc.Audio) line.addOpusCodec(type);
  else line.addH264Codec(type);
  const ssrc = SSRC + Number(kind === 'video');
  line.addSSRC(ssrc, 'obs', 'live', `live-${kind}`);
  return { line, rtp: new dc.RtpPacketizationConfig(ssrc, 'obs', type, clock) };
}

const pc = new dc.PeerConnection('obs', { iceServers: [], disableAutoNegotiation: true });

/** @param {'audio' | 'video'} kind @param {number} clock @param {number} type @param {number} perSecond */
function publish(kind, clock, type, perSecond) {
  const { line, rtp } = config(kind, clock, type), track = pc.addTrack(line);
  const chain = kind === 'audio' ? new dc.RtpPacketizer(rtp) : new dc.H264RtpPacketizer('StartSequence', rtp, 1200);
  chain.addToChain(new dc.RtcpSrReporter(rtp));
  chain.addToChain(new dc.RtcpNackResponder());
  track.setMediaHandler(chain);
  const samples = kind === 'audio' ? sounds() : pictures();
  return () => {
    const began = performance.now();
    let n = 0;
    return setInterval(() => {
      for (; n < (performance.now() - began) / 1000 * perSecond; n++) {
        rtp.timestamp += clock / perSecond;
        if (track.isOpen()) track.sendMessageBinary(samples[n % samples.length]);
      }
    }, 5);
  };
}

/** @param {string} method @param {string} at @param {string} [body] */
const ask = (method, at, body) => fetch(at, { method, body,
  headers: { 'Authorization': `Bearer ${token}`, ...body && { 'Content-Type': 'application/sdp' } } });

const start = [publish('audio', 48000, 111, 50), publish('video', 90000, 96, FPS)];
pc.setLocalDescription();
const answer = await ask('POST', url, pc.localDescription()?.sdp ?? '');
if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
pc.setRemoteDescription(await answer.text(), 'answer');
const timers = start.map((go) => go());
console.log('publishing');
await once(process.stdin, 'data');
timers.forEach(clearInterval);
console.log('ended', (await ask('DELETE', new URL(answer.headers.get('Location') ?? '', url).href)).status);
pc.close();
dc.cleanup();
process.stdin.destroy();
