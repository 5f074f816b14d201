// Media over the server, as far as it needs no browser: which line carries what, what is wanted, who moves
// between the two ways and when, who is shown large, and the connection against a fake one.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Groups } from '../../web/app/groups.js';
import { Shown } from '../../web/app/shown.js';
import { fakeClock } from '../../web/core/clock.js';
import { Log } from '../../web/core/log.js';
import { NOBODY, groupEvent, groupOf, largeNext } from '../../web/domain/group.js';
import { dueOf, wantsOf } from '../../web/domain/wants.js';
import { layersOf } from '../../web/rtc/layers.js';
import { Group } from '../../web/rtc/group.js';
import { MOST, assign, wishes } from '../../web/rtc/group_lines.js';
import { received, slim } from '../../web/rtc/group_sdp.js';
import { StreamRegistry } from '../../web/rtc/registry.js';
import { arrived } from '../../web/rtc/stats.js';
import { PATIENCE_MS, fromUses, moves, toUses } from '../../web/rtc/ways.js';

const want = (track, kind = 'video', width = 320, priority = 'visible') => ({ track, kind, width, height: width && 180, priority });
const line = (kind, track = null, freed = 0) => ({ kind, track, freed });

// ---- lines

test('whoever has a line keeps it; the longest idle one is taken first; new ones come several at once', () => {
  const lines = [line('video', 'a'), line('video', null, 30), line('video', null, 20), line('audio')];
  const one = assign(lines, [want('b'), want('a'), want('m', 'audio', 0)], 50);
  assert.deepEqual(one.lines.map((l) => l.track), ['a', null, 'b', 'm']);
  assert.deepEqual(one.short, { audio: 0, video: 0 });
  const two = assign(one.lines, [want('b'), want('c'), want('d')], 60);
  assert.deepEqual(two.lines.map((l) => l.track), ['d', 'c', 'b', null], 'the line that was just left is the last');
  assert.equal(two.lines[0].freed, 60);
  assert.deepEqual(two.short, { audio: 0, video: 0 });
  assert.deepEqual(assign(two.lines, ['b', 'c', 'd', 'e'].map((t) => want(t)), 70).short, { audio: 0, video: 4 });
});

test('sound and picture of one person come at the same place, where that is free', () => {
  const of = (who, kind) => ({ ...want(`${who} ${kind}`, kind), together: who });
  const lines = [...Array(4).fill('audio'), ...Array(4).fill('video')].map((kind) => line(kind));
  const sounds = ['a', 'b', 'c', 'd'].map((who) => of(who, 'audio'));
  const pairs = (all) => all.slice(0, 4).map((l, i) => [l.track?.[0] ?? null, all[i + 4].track?.[0] ?? null].join());
  const one = assign(lines, [...sounds, of('d', 'video'), of('b', 'video')], 10);
  assert.deepEqual(pairs(one.lines), ['a,', 'b,b', 'c,', 'd,d']);
  const two = assign(one.lines, [...sounds.filter((w) => w.together !== 'd'), of('e', 'video'), of('b', 'video'), of('a', 'video')], 20);
  assert.deepEqual(pairs(two.lines), ['a,a', 'b,b', 'c,', ',e'], 'who is not heard yet takes a place where that can be');
  const three = assign(two.lines, [...sounds, of('e', 'audio')], 30);
  assert.equal(three.short.audio, 4, 'nobody waits for the right place');
});

test('there are never more lines than there may be, and the most important have them', () => {
  const wants = Array.from({ length: 40 }, (_, i) => want(`t${i}`));
  let { lines, short } = assign([], wants, 0);
  assert.equal(short.video, MOST.video);
  lines = Array.from({ length: short.video }, () => line('video'));
  ({ lines, short } = assign(lines, wants, 0));
  assert.equal(short.video, 0);
  assert.deepEqual(lines.map((l) => l.track), wants.slice(0, MOST.video).map((w) => w.track));
});

test('the server is told what is new only', () => {
  const lines = [{ mid: '4', kind: 'video', track: 'a' }, { mid: '5', kind: 'video', track: null }];
  const first = wishes(lines, [want('a')], new Map());
  assert.deepEqual(first, [{ mid: '4', track: 'a', width: 320, height: 180, priority: 'visible' },
    { mid: '5', track: null, width: 0, height: 0, priority: 'thumbnail' }]);
  const told = new Map(first.map((w) => [w.mid, JSON.stringify(w)]));
  assert.deepEqual(wishes(lines, [want('a')], told), []);
  assert.deepEqual(wishes(lines, [want('a', 'video', 640)], told).map((w) => [w.mid, w.width]), [['4', 640]]);
});

// ---- wants

const TRACKS = Object.fromEntries([['1', 'x', 'mic'], ['2', 'x', 'camera'], ['3', 'y', 'mic'], ['4', 'y', 'camera'], ['5', 'y', 'screen'],
  ['6', 'y', 'sound']].map(([track, session, kind]) => [track, { track, session, kind }]));
const X = { session: 'x', mic: true, cam: true, screen: false };
const Y = { session: 'y', mic: false, cam: true, screen: true };
const seen = (session, role, width, rank = 'visible') => ({ session, role, width, height: width / 2, rank });

test('everybody is heard; what is in view is wanted as large as it is; the rest is paused', () => {
  const o = { tracks: TRACKS, people: [Y, X], quality: 'auto', hidden: false };
  const wants = wantsOf({ ...o, seen: [seen('x', 'camera', 800), seen('y', 'screen', 1600)] });
  assert.deepEqual(wants.map((w) => w.track), ['6', '1', '3', '5', '2', '4']);
  assert.deepEqual(wants.slice(3).map((w) => [w.width, w.priority]), [[1600, 'screen'], [800, 'visible'], [0, 'thumbnail']]);
  const first = wantsOf({ ...o, seen: [seen('x', 'camera', 800)] });
  assert.equal(first.find((w) => w.track === '5').width, 1280, 'a screen that has no tile yet');
  const pinned = wantsOf({ ...o, seen: [seen('x', 'camera', 800, 'pinned'), seen('y', 'screen', 1600)] });
  assert.deepEqual(pinned.map((w) => w.track).slice(3), ['2', '5', '4']);
  assert.ok(wantsOf({ ...o, hidden: true, seen: [seen('x', 'camera', 800)] }).every((w) => w.width === 0));
});

test('saving data makes pictures smaller, screens excepted; audio only wants none', () => {
  const all = [seen('x', 'camera', 800), seen('y', 'camera', 1600, 'speaker'), seen('y', 'screen', 1600)];
  const o = { tracks: TRACKS, people: [X, Y], seen: all, hidden: false };
  const size = Object.fromEntries(wantsOf({ ...o, quality: 'save' }).map((w) => [w.track, [w.width, w.height]]));
  assert.deepEqual([size[2], size[4], size[5]], [[360, 180], [720, 360], [1600, 800]]);
  assert.deepEqual(wantsOf({ ...o, quality: 'audio' }).map((w) => w.kind), ['audio', 'audio', 'audio']);
  const dark = wantsOf({ ...o, quality: 'auto', people: [{ ...X, cam: false }, Y] });
  assert.ok(!dark.some((w) => w.track === '2'), 'a camera that is off needs no line');
});

// ---- ways

const person = (more = {}) => ({ session: 'p', way: 'direct', theirs: null, held: true, ready: { direct: true, group: false }, ...more });

test('somebody is moved once what they send arrives, and the old way goes when both have moved', () => {
  assert.deepEqual(moves('group', 100, [person()]), { use: [], drop: [], closeGroup: false });
  const ready = { direct: true, group: true };
  assert.deepEqual(moves('group', 100, [person({ ready })]), { use: [{ session: 'p', way: 'group' }], drop: [], closeGroup: false });
  assert.deepEqual(moves('group', 100, [person({ ready, way: 'group' })]).drop, []);
  assert.deepEqual(moves('group', 100, [person({ ready, way: 'group', theirs: 'group' })]).drop, ['p']);
  assert.deepEqual(moves('group', PATIENCE_MS, [person({ ready, way: 'group' })]).drop, ['p']);
  assert.deepEqual(moves('group', PATIENCE_MS, [person()]), { use: [], drop: [], closeGroup: false }, 'nothing arrives: one goes on directly');
});

test('the way back: the connection to the server goes when all have moved, and not before there is another way', () => {
  const back = (more) => person({ way: 'group', ready: { direct: false, group: true }, ...more });
  assert.deepEqual(moves('direct', 100, [back()]), { use: [], drop: [], closeGroup: false });
  assert.equal(moves('direct', 2 * PATIENCE_MS, [back()]).closeGroup, false, 'nothing else carries them');
  const both = { direct: true, group: true };
  assert.deepEqual(moves('direct', 100, [back({ ready: both })]), { use: [{ session: 'p', way: 'direct' }], drop: [], closeGroup: false });
  assert.equal(moves('direct', 100, [back({ ready: both, theirs: 'direct' })]).closeGroup, true);
  assert.equal(moves('direct', PATIENCE_MS, [back({ ready: both })]).closeGroup, true);
  assert.equal(moves('direct', 0, []).closeGroup, true, 'nobody else is here');
});

test('a connection to the server that is lost on the way back leaves people where they were, until the other way is there', () => {
  const lost = person({ way: 'group', ready: { direct: false, group: false } });
  assert.deepEqual(moves('direct', 100, [lost]).use, []);
  assert.deepEqual(moves('direct', 100, [{ ...lost, ready: { direct: true, group: false } }]).use, [{ session: 'p', way: 'direct' }]);
});

test('which way one uses is told in one line, and nothing else is taken for it', () => {
  for (const way of ['direct', 'group']) assert.equal(fromUses(toUses(way)), way);
  for (const body of ['', 'a=madang-uses:relay\r\n', 'a=madang-instance:x\r\na=madang-uses:group\r\n']) assert.equal(fromUses(body), null);
});

// ---- the room as state

test('mode, tracks and speaker as the server tells them', () => {
  let r = { id: 'r', ...groupOf({}) };
  assert.equal(r.mode, 'direct');
  r = groupEvent(r, { type: 'group_mode', mode: 'group', tracks: [TRACKS[1], TRACKS[2]] });
  assert.deepEqual(Object.keys(r.tracks), ['1', '2']);
  r = groupEvent(r, { type: 'group_track', track: TRACKS[3], on: true });
  r = groupEvent(r, { type: 'group_track', track: TRACKS[1], on: false });
  assert.deepEqual(Object.keys(r.tracks), ['2', '3']);
  r = groupEvent(r, { type: 'group_speaker', session: 'x' });
  assert.equal(r.speaker, 'x');
  assert.equal(groupEvent(r, { type: 'group_speaker', session: 'x' }), r);
  assert.deepEqual(groupOf({ mode: 'group', tracks: [TRACKS[5]] }).tracks, { 5: TRACKS[5] });
});

test('whoever speaks for a while is shown large, and stays for a while', () => {
  const here = () => true;
  let l = largeNext(NOBODY, 'x', here, 0);
  assert.equal(l.session, 'x', 'nobody was: at once');
  for (let now = 100; now < 3000; now += 250) l = largeNext(l, 'y', here, now);
  assert.equal(l.session, 'x');
  l = largeNext(l, 'y', here, 3100);
  assert.equal(l.session, 'y');
  for (const [speaker, now] of [['x', 7000], ['y', 7500], ['x', 7800], [null, 8100]]) l = largeNext(l, speaker, here, now);
  assert.equal(l.session, 'y', 'a word between does nothing');
  assert.equal(largeNext(l, null, () => false, 9000).session, null);
});

// ---- descriptions

test('offers are made short, and stay what they were', () => {
  const part = (mid) => [`m=video 9 UDP/TLS/RTP/SAVPF 96`, 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', 'a=candidate:1 1 udp 1 192.0.2.1 5 typ host',
    'a=end-of-candidates', `a=mid:${mid}`, 'a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'a=rtpmap:96 VP8/90000', ''].join('\r\n');
  const out = slim(`v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n${part(0)}${part(1)}`);
  assert.ok(out.startsWith('v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=video') && out.endsWith('a=rtpmap:96 VP8/90000\r\n'));
  assert.equal(out.match(/a=candidate/g).length, 1);
  assert.equal(out.match(/sdes:mid/g).length, 2);
  assert.ok(!/playout-delay|a=rtcp:/.test(out));
});

test('what nobody sends is not offered to be received', () => {
  const codec = (name, sdpFmtpLine) => ({ mimeType: `video/${name}`, sdpFmtpLine });
  const all = [codec('rtx'), codec('AV1', 'level-idx=5;profile=0'), codec('H264', 'packetization-mode=0;profile-level-id=42e01f'),
    codec('H264', 'packetization-mode=1;profile-level-id=42e01f'), codec('H264', 'packetization-mode=1;profile-level-id=64001f'),
    codec('VP9', 'profile-id=0'), codec('VP9', 'profile-id=2'), codec('VP8'), codec('ulpfec'), codec('H265')];
  assert.deepEqual(received(all), [all[7], all[5], all[3], all[1], all[0]]);
});

// ---- streams

test('a stream goes on when the way changes', () => {
  const steps = [];
  globalThis.MediaStream = class {
    constructor() { this.tracks = []; }
    getTracks() { return this.tracks; }
    addTrack(t) { this.tracks.push(t); steps.push(`+${t}`); }
    removeTrack(t) { this.tracks = this.tracks.filter((x) => x !== t); steps.push(`-${t}`); }
  };
  const streams = new StreamRegistry();
  let ids;
  const shown = new Shown({ streams, set: (_, now) => { ids = now; } });
  shown.put('s', 'direct', 'camera', 'c1');
  shown.put('s', 'direct', 'mic', 'm1');
  const { camera, audio } = ids;
  shown.use('s', 'direct');
  shown.put('s', 'group', 'camera', 'c2');
  assert.deepEqual(streams.get(camera).tracks, ['c1']);
  shown.use('s', 'group');
  assert.deepEqual(steps.splice(0), ['+c1', '+m1', '+c2', '-c1']);
  assert.deepEqual(streams.get(audio).tracks, ['m1'], 'what has not come the new way yet stays');
  shown.put('s', 'group', 'mic', 'm2');
  shown.drop('s', 'direct');
  assert.deepEqual([ids.camera, ids.audio, streams.get(audio).tracks], [camera, audio, ['m2']]);
  shown.moved('s', 't');
  assert.equal(shown.wayOf('t'), 'group');
  shown.gone('t');
  assert.equal(streams.get(camera), undefined);
});

// ---- the connection

/** What of RTCPeerConnection is used: mids are given when an offer is made. */
class FakePc {
  constructor() {
    Object.assign(this, { lines: [], signalingState: 'stable', connectionState: 'new', offers: 0, restarts: 0 });
  }

  addTransceiver(kind, { direction, sendEncodings = [{}] }) {
    const made = {
      kind, direction, mid: null, stats: { type: 'inbound-rtp', packetsReceived: 0, keyFramesDecoded: 0 },
      sender: {
        track: null, encodings: sendEncodings, getParameters: () => ({ encodings: structuredClone(sendEncodings) }),
        async replaceTrack(t) { this.track = t; },
        async setParameters(p) { this.params = p; },
      },
    };
    made.receiver = { track: `${kind}-${this.lines.length}`, getStats: async () => new Map([['i', { ...made.stats }]]) };
    this.lines.push(made);
    return made;
  }

  async setLocalDescription() {
    await null;
    this.lines.forEach((l, i) => { l.mid = `${i}`; });
    this.signalingState = 'have-local-offer';
    this.localDescription = { sdp: `v=0\r\no=- ${++this.offers}\r\n` };
  }

  async setRemoteDescription() { this.signalingState = 'stable'; }
  async getStats() { return new Map([['p', { type: 'candidate-pair', bytesReceived: this.bytes ?? 0 }]]); }
  restartIce() { this.restarts++; }
  setConfiguration(config) { this.config = config; }
  close() { this.connectionState = 'closed'; }
  become(state) { this.connectionState = state; this.onconnectionstatechange(); }
}

function setup({ refuse = [], ...more } = {}) {
  const clock = fakeClock();
  const sent = [];
  const heard = [];
  let pc;
  const group = new Group({
    conn: 'g-1', ...more, iceServers: [], clock, log: new Log(), create: () => (pc = new FakePc()),
    async send(type, fields, body) {
      sent.push({ type, ...fields, body });
      const no = refuse.shift();
      if (no) throw Object.assign(new Error(no), { code: no, retryMs: 500 });
    },
  });
  for (const what of ['phase', 'track', 'flows', 'left', 'ended']) group.on(what, (e) => heard.push([what, e.id ?? e]));
  return { clock, sent, heard, group, pc };
}

test('something is to come while one sends, wants a picture, or somebody speaks', () => {
  const room = { self: 's', speaker: null, people: { x: { mic: true }, y: { mic: false } } };
  const due = (more, wants = [], own = []) => dueOf({ room: { ...room, ...more }, wants, own });
  const live = { enabled: true, readyState: 'live' };
  assert.equal(due({}, [want('m', 'audio', 0), want('v', 'video', 0)], [null, { ...live, enabled: false }, { ...live, readyState: 'ended' }]), false);
  assert.equal(due({}, [want('v')]), true);
  assert.equal(due({}, [], [null, live]), true);
  assert.deepEqual(['x', 'y', 's', 'gone'].map((speaker) => due({ speaker })), [true, false, false, false]);
  assert.equal(arrived([{ bytesReceived: 3 }, {}, { bytesReceived: 4 }]), 7);
});

test('who has no place only receives', async () => {
  const { clock, sent, group, pc } = setup({ sends: false });
  group.setTrack('camera', 'C');
  group.want([want('v')]);
  await clock.advance(1);
  await group.answered('v=0\r\n');
  assert.deepEqual(sent[0].lines.map((l) => l.kind), Array(8).fill(undefined));
  assert.equal(pc.lines.length, 8);
});

test('one offer with all lines, tracks without another one, and wishes as soon as the server has the lines', async () => {
  const { clock, sent, heard, group, pc } = setup();
  group.setTrack('camera', 'C');
  group.want([want('m', 'audio', 0), want('v')]);
  await clock.advance(1);
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0].lines.slice(0, 4), [{ mid: '0', kind: 'mic' }, { mid: '1', kind: 'camera' }, { mid: '2', kind: 'screen' }, { mid: '3', kind: 'sound' }]);
  assert.deepEqual(sent[0].lines.filter((l) => l.track).map((l) => l.track), ['m', 'v']);
  assert.equal(sent[0].lines.length, 12);
  assert.deepEqual(pc.lines[1].sender.encodings.map((e) => [e.rid, e.scaleResolutionDownBy]), [['q', 4], ['h', 2], ['f', 1]]);
  assert.equal(pc.lines[1].sender.track, 'C');
  await group.answered('v=0\r\n');
  pc.become('connected');
  await clock.advance(1);
  assert.equal(sent[1].type, 'group_wish');
  assert.deepEqual(sent[1].wishes.filter((w) => w.track).map((w) => [w.track, w.width]), [['m', 0], ['v', 320]]);
  assert.deepEqual(heard, [['track', 'm'], ['phase', 'connected']], 'sound can be played at once');
  pc.lines[8].stats.keyFramesDecoded = 1;
  await clock.advance(100);
  assert.deepEqual(heard.slice(2), [['track', 'v'], ['flows', 'v']]);
  assert.equal(group.flows('v'), true);
  assert.equal(group.flows('m'), false);
});

test('a line that was another\'s shows the new one only once its own pictures come', async () => {
  const { clock, sent, heard, group, pc } = setup();
  group.want(['a', 'b', 'c', 'd'].map((t) => want(t)));
  await clock.advance(1);
  await group.answered('v=0\r\n');
  for (const l of pc.lines) l.stats.keyFramesDecoded = 3;
  await clock.advance(100);
  heard.length = 0;
  group.want(['b', 'c', 'd', 'e'].map((t) => want(t)));
  await clock.advance(500);
  assert.deepEqual(heard, [['left', 'a']]);
  assert.equal(sent.at(-1).type, 'group_wish');
  assert.deepEqual(sent.at(-1).wishes.map((w) => w.track), ['e']);
  pc.lines[8].stats.keyFramesDecoded++;
  await clock.advance(100);
  assert.deepEqual(heard, [['left', 'a'], ['track', 'e'], ['flows', 'e']]);
  assert.equal(pc.offers, 1);
});

test('more than there are lines for: another offer, after the answer to the one under way', async () => {
  const { clock, sent, group, pc } = setup();
  group.want([want('a')]);
  await clock.advance(1);
  group.want(['a', 'b', 'c', 'd', 'e'].map((t) => want(t)));
  await clock.advance(1);
  assert.equal(pc.offers, 1);
  await group.answered('v=0\r\n');
  await clock.advance(1);
  assert.equal(pc.offers, 2);
  const offer = sent.filter((s) => s.type === 'group_offer').at(-1);
  assert.deepEqual(offer.lines.filter((l) => l.track).map((l) => l.track), ['a', 'b', 'c', 'd', 'e']);
  assert.equal(offer.lines.length, 16);
});

test('an offer that came too fast is made again; one that is refused or not answered ends the connection', async () => {
  const fast = setup({ refuse: ['rate'] });
  fast.group.want([]);
  await fast.clock.advance(600);
  assert.deepEqual(fast.sent.map((s) => s.type), ['group_offer', 'group_offer']);
  assert.deepEqual(fast.heard, []);
  await fast.clock.advance(20_000);
  assert.equal(fast.heard.at(-1)[1], 'no answer');
  const refused = setup({ refuse: ['not_group'] });
  refused.group.want([]);
  await refused.clock.advance(1);
  assert.deepEqual(refused.heard.at(-1), ['ended', 'not_group']);
  assert.equal(refused.pc.connectionState, 'closed');
});

test('ICE anew when the network is another one or packets stay away, and the end where that does not help', async () => {
  const { clock, heard, group, pc } = setup();
  group.want([]);
  await clock.advance(1);
  await group.answered('v=0\r\n');
  pc.become('connected');
  group.restart();
  group.restart();
  await clock.advance(1);
  assert.equal(pc.restarts, 1);
  await group.answered('v=0\r\n');
  await clock.advance(4000);
  pc.become('disconnected');
  await clock.advance(4100);
  assert.equal(pc.restarts, 2);
  await group.answered('v=0\r\n');
  pc.become('failed');
  await clock.advance(10_000);
  assert.equal(heard.at(-1)[0], 'ended');
});

test('a way that dies unnoticed: signaling is asked, and ICE begins anew once it has answered', async () => {
  let heard = 0;
  let asked = 0;
  let due = false;
  const { clock, group, pc } = setup({ due: () => due, signaling: { heard: () => heard, ask: () => { asked++; } } });
  group.want([]);
  await clock.advance(1);
  await group.answered('v=0\r\n');
  pc.become('connected');
  for (pc.bytes = 1; pc.bytes < 5; pc.bytes++) await clock.advance(1000);
  await clock.advance(20_000);
  assert.deepEqual([pc.restarts, asked], [0, 0], 'nothing was to come');
  due = true;
  await clock.advance(10_000);
  assert.deepEqual([pc.restarts, asked], [0, 1], 'no sign of life: no offer that nobody answers');
  heard = clock.now();
  await clock.advance(1000);
  assert.equal(pc.restarts, 1);
  group.close();
  assert.equal(clock.pending(), 0);
});

test('media goes on while signaling is lost, and ends with the room', async () => {
  const clock = fakeClock();
  const call = { now: { id: 'r', stale: true }, room() { return this.now; }, settled() { return this.now?.stale ? undefined : this.now; } };
  const groups = new Groups({ clock, log: new Log() }, call);
  let closed = 0;
  Object.assign(groups, { room: 'r', mode: 'group', group: { close() { closed++; } } });
  groups.refresh();
  await clock.advance(1000);
  assert.equal(closed, 0);
  call.now = undefined;
  groups.refresh();
  await clock.advance(1000);
  assert.equal(closed, 1);
});

test('without a track nothing is sent, and whoever saves data sends no large picture', async () => {
  const { clock, group, pc } = setup();
  const active = () => pc.lines[1].sender.params.encodings.map((e) => e.active);
  group.want([]);
  await clock.advance(1);
  await group.answered('v=0\r\n');
  assert.deepEqual(active(), [false, false, false]);
  group.setTrack('camera', 'C');
  assert.deepEqual(active(), [true, true, true]);
  group.save(true);
  assert.deepEqual(active(), [true, true, false]);
});

test('a camera is sent in as many sizes as browsers make of it, the largest whole', () => {
  const scales = (/** @type {any[]} */ [w, h], saving = false) => layersOf({ width: w, height: h }, saving)
    .filter((l) => l.active).map((l) => [l.rid, l.scaleResolutionDownBy]);
  assert.deepEqual(scales([1280, 720]), [['q', 4], ['h', 2], ['f', 1]]);
  assert.deepEqual(scales([640, 480]), [['q', 2], ['h', 1]]);
  assert.deepEqual(scales([320, 240]), [['q', 1]]);
  assert.deepEqual(scales([1280, 720], true), [['q', 4], ['h', 2]]);
  assert.deepEqual(scales([640, 480], true), [['q', 2]]);
  assert.deepEqual(scales([320, 240], true), [['q', 1]], 'something is always sent');
  assert.deepEqual(layersOf(null).map((l) => l.active), [true, true, true]);
});
