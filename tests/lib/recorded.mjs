// Encoded media and its RTP, made by ffmpeg and GStreamer; and what ffmpeg sees and hears in a file.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { BIN } from './server.mjs';

const RECORDER = path.join(path.dirname(BIN), 'tests/record_rtp');
const run = promisify(execFile);

/** Seconds of the clip; every second one begins with a flash and a beep of a fifth. */
export const SECONDS = 8;
const FLASH = 'lt(mod(t\\,2)\\,0.2)';
const PICTURES = `testsrc2=s=320x180:r=25:d=${SECONDS},drawbox=t=fill:c=white:enable='${FLASH}'`;
const SOUND = `aevalsrc=if(${FLASH}\\,0.5*sin(2*PI*1000*t)\\,0):d=${SECONDS}`;
/** Timestamps at time 0: they wrap after a second or two. */
export const OFFSET = { video: 4294850000, audio: 4294900000 };

/** @typedef {{ encode: string[], pay?: string }} Codec */
/** @type {Record<string, Codec>} */
export const VIDEO = {
  vp8: { // its threads wait for each other by turning round: with others on the machine that takes half a minute
    encode: ['-c:v', 'libvpx', '-threads', '1', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k'],
    pay: 'rtpvp8pay picture-id-mode=2',
  },
  vp9: {
    encode: ['-c:v', 'libvpx-vp9', '-threads', '1', '-lag-in-frames', '0', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k'],
    pay: 'rtpvp9pay picture-id-mode=2',
  },
  h264: {
    encode: ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-b:v', '600k'],
    pay: 'h264parse ! rtph264pay aggregate-mode=zero-latency config-interval=-1',
  },
  av1: { encode: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-b:v', '600k'] },
};
/** @type {Record<string, Codec>} */
export const AUDIO = {
  opus: { encode: ['-ar', '48000', '-c:a', 'libopus'], pay: 'rtpopuspay' },
  pcmu: { encode: ['-ar', '8000', '-ac', '1', '-c:a', 'pcm_mulaw'], pay: 'rtppcmupay' },
  pcma: { encode: ['-ar', '8000', '-ac', '1', '-c:a', 'pcm_alaw'], pay: 'rtppcmapay' },
};

/** @param {string[]} args @returns {Promise<{stdout: Buffer, stderr: Buffer}>} */
function ffmpeg(args) {
  return run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { timeout: 120_000, maxBuffer: 64 << 20, encoding: 'buffer' });
}

/** @param {string} from @param {string} pay @param {string} to */
async function gstPay(from, pay, to) {
  const pipeline = `filesrc location=${from} ! matroskademux ! ${pay} ! rtpstreampay ! filesink location=${to}`;
  await run('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { timeout: 200_000 });
}

/** One packet behind its length (RFC 4571). @param {number} seq @param {number} ts @param {boolean} marker @param {Buffer} payload */
function framed(seq, ts, marker, payload) {
  const head = Buffer.alloc(14);
  head.writeUInt16BE(12 + payload.length, 0);
  head.writeUInt8(0x80, 2);
  head.writeUInt8((marker ? 0x80 : 0) | 96, 3);
  head.writeUInt16BE(seq & 0xffff, 4);
  head.writeUInt32BE(ts >>> 0, 6);
  head.writeUInt32BE(1, 10);
  return Buffer.concat([head, payload]);
}

/** The OBUs of a temporal unit, without its delimiter. @param {Buffer} unit */
function obus(unit) {
  const out = [];
  for (let at = 0; at < unit.length;) {
    let size = 0, next = at + (unit[at] & 4 ? 2 : 1);
    for (let shift = 0; ; shift += 7) {
      size |= (unit[next] & 0x7f) << shift;
      if (!(unit[next++] & 0x80)) break;
    }
    if ((unit[at] >> 3 & 15) !== 2) out.push(unit.subarray(at, next + size));
    at = next + size;
  }
  return out;
}

/** AV1 has no payloader here: each OBU goes in pieces, one in a packet. @param {string} ivf @param {string} to */
function payAv1(ivf, to) {
  const file = readFileSync(ivf), packets = [];
  let seq = 65400;
  for (let at = 32; at < file.length;) {
    const n = file.readUInt32LE(at), ts = OFFSET.video + Number(file.readBigUInt64LE(at + 4)) * 3600;
    const list = obus(file.subarray(at + 12, at + 12 + n)), begins = list.some((o) => (o[0] >> 3 & 15) === 1);
    list.forEach((obu, i) => {
      for (let from = 0; from < obu.length; from += 900) {
        const ends = from + 900 >= obu.length;
        const head = 0x10 | (from > 0 ? 0x80 : 0) | (ends ? 0 : 0x40) | (begins && i === 0 && from === 0 ? 8 : 0);
        packets.push(framed(seq++, ts, ends && i === list.length - 1, Buffer.concat([Buffer.of(head), obu.subarray(from, from + 900)])));
      }
    });
    at += 12 + n;
  }
  writeFileSync(to, Buffer.concat(packets));
}

/** The clip's pictures as RTP. @param {string} dir @param {string} codec @returns {Promise<string>} a file for record_rtp */
export async function videoRtp(dir, codec) {
  const { encode, pay } = VIDEO[codec], rtp = path.join(dir, `${codec}.rtp`);
  const file = path.join(dir, pay ? `${codec}.mkv` : `${codec}.ivf`);
  await ffmpeg(['-f', 'lavfi', '-i', PICTURES, '-pix_fmt', 'yuv420p', '-g', '25', ...encode, file]);
  if (pay) await gstPay(file, `${pay} mtu=400 timestamp-offset=${OFFSET.video} seqnum-offset=65400 pt=96`, rtp);
  else payAv1(file, rtp);
  return rtp;
}

/** Its sound. @param {string} dir @param {string} codec */
export async function audioRtp(dir, codec) {
  const { encode, pay } = AUDIO[codec], file = path.join(dir, `${codec}.mkv`), rtp = path.join(dir, `${codec}.rtp`);
  await ffmpeg(['-f', 'lavfi', '-i', SOUND, ...encode, file]);
  await gstPay(file, `${pay} timestamp-offset=${OFFSET.audio} seqnum-offset=65400`, rtp);
  return rtp;
}

/** @param {string} file */
export async function probe(file) {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', file], { timeout: 60_000 });
  return JSON.parse(stdout);
}

/** Decodes all of it; throws what ffmpeg has to say. @param {string} file */
export async function decodes(file) {
  const { stderr } = await ffmpeg(['-xerror', '-i', file, '-f', 'null', '-']);
  assert.equal(stderr.toString(), '', file);
}

/** How many pictures there are, whatever comes behind them. @param {string} file */
export async function pictures(file) {
  const { stdout } = await ffmpeg(['-i', file, '-f', 'framecrc', '-fps_mode', 'passthrough', '-']);
  return stdout.toString().split('\n').filter((l) => /^\d/.test(l)).length;
}

/** When a new flash is seen, in seconds of the file. @param {string} file @param {string} [crop] */
export async function flashes(file, crop = '') {
  const filter = `${crop}signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-`;
  const { stdout } = await ffmpeg(['-i', file, '-vf', filter, '-fps_mode', 'passthrough', '-f', 'null', '-']);
  const seen = [...stdout.toString().matchAll(/pts_time:([\d.]+)\s+lavfi\.signalstats\.YAVG=([\d.]+)/g)];
  const bright = seen.map(([, at, light]) => ({ at: Number(at), on: Number(light) > 215 }));
  return bright.filter((b, i) => b.on && !bright[i - 1]?.on).map((b) => b.at);
}

/** When a new beep is heard. @param {string} file */
export async function beeps(file) {
  const { stdout } = await ffmpeg(['-i', file, '-af', 'aresample=async=1:first_pts=0', '-f', 's16le', '-ac', '1', '-ar', '8000', '-']);
  const loud = [];
  for (let at = 0; at + 160 <= stdout.length; at += 160) { // 10 ms
    let most = 0;
    for (let i = 0; i < 160; i += 2) most = Math.max(most, Math.abs(stdout.readInt16LE(at + i)));
    loud.push(most > 4000);
  }
  return loud.flatMap((on, i) => (on && !loud[i - 1] ? [i / 100] : []));
}

/**
 * @typedef {{ file: string, name: string, kind: string, codec: string, start_ms: number, clock: string, duration_ms: number,
 *   frames: number, lost_packets: number, left_out_frames: number, gaps_ms: number[][] }} Track
 */

/** Makes recordings in folders of `top`. @param {string} top */
export function recorder(top) {
  /** @param {string} name @param {{ kind: string, codec: string, rtp: string, lose?: number }[]} tracks */
  return (name, tracks) => record(path.join(top, name), tracks);
}

/** @param {string} dir @param {{ kind: string, codec: string, rtp: string, lose?: number }[]} tracks */
async function record(dir, tracks) {
  mkdirSync(dir);
  const specs = tracks.map((t) => {
    const offset = ['mic', 'sound'].includes(t.kind) ? OFFSET.audio : OFFSET.video;
    return [t.kind, t.codec, offset, t.lose ?? 0, t.rtp].join(',');
  });
  await run(RECORDER, [dir, ...specs], { timeout: 60_000 });
  const manifest = JSON.parse(readFileSync(path.join(dir, 'manifest.json'), 'utf8'));
  /** @param {string} kind @returns {Track & { path: string }} */
  const track = (kind) => {
    const t = manifest.tracks.find((/** @type {Track} */ x) => x.kind === kind);
    return { ...t, path: path.join(dir, t.file) };
  };
  return { dir, manifest, track };
}
