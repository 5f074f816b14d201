// Negotiation against a fake RTCPeerConnection (with glare), the mesh over a fake network (restarts of the
// server, one side only, a stranger), and the pure parts.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fakeClock } from '../../web/core/clock.js';
import { Emitter } from '../../web/core/emitter.js';
import { Log } from '../../web/core/log.js';
import { Sha256 } from '../../web/core/sha256.js';
import { plan } from '../../web/rtc/bitrate.js';
import { fromFrag, toFrag } from '../../web/rtc/frag.js';
import { fromGreeting, proof, toGreeting } from '../../web/rtc/greeting.js';
import { hidden, hiddenSdp, iceServers } from '../../web/rtc/ice.js';
import { Mesh } from '../../web/rtc/mesh.js';
import { MEDIA_ROLES, Peer } from '../../web/rtc/peer.js';
import {
  answers, markAnswer, offerMark, opusFecDtx, roleOf, withRole, withoutStrays,
} from '../../web/rtc/sdp.js';
import { digest, overRelay } from '../../web/rtc/stats.js';

/** What matters of RTCPeerConnection's signaling: states as in JSEP, implicit rollback, one m-line each. */
class FakePc {
  constructor() {
    this.signalingState = 'stable';
    this.connectionState = 'new';
    this.iceConnectionState = 'new';
    this.lines = [];
    this.added = [];
    this.localDescription = null;
    this.remoteDescription = null;
    this.version = 0;
    this.needed = false;
    this.restarted = 0;
  }

  addTransceiver(kind, { direction }) {
    const line = this.#line(kind, direction);
    this.lines.push(line);
    this.need();
    return line;
  }

  #line(kind, direction) {
    return {
      kind, direction, receiver: { track: { kind } },
      sender: {
        track: null, getParameters: () => ({ encodings: [{}] }),
        async replaceTrack(t) { this.track = t; },
        async setParameters(p) { this.params = p; },
      },
    };
  }

  getTransceivers() { return this.lines; }
  createDataChannel() { this.need(); return { readyState: 'connecting' }; }
  restartIce() { this.restarted++; this.need(); }

  need() {
    if (this.needed) return;
    this.needed = true;
    setImmediate(() => {
      if (this.signalingState !== 'stable') return;
      this.needed = false;
      this.onnegotiationneeded?.();
    });
  }

  async setLocalDescription() {
    await null;
    const answer = this.signalingState === 'have-remote-offer';
    if (this.broken) throw new Error('an earlier description could not be applied');
    const sdp = `v=0 ${answer ? 'answer' : 'offer'} ${++this.version} ${this.lines.map((l) => l.kind)}\r\n`
      + `o=- 1 ${this.version} IN IP4 0.0.0.0\r\n${answer ? `a=fake-to:${this.remoteDescription.sdp.split(' ')[2]}\r\n` : ''}`;
    this.localDescription = { type: answer ? 'answer' : 'offer', sdp };
    this.signalingState = answer ? 'stable' : 'have-local-offer';
    if (answer) this.#settled();
  }

  async setRemoteDescription({ type, sdp }) {
    await null;
    if (type === 'answer' && this.signalingState !== 'have-local-offer') throw new Error('answer');
    // Browsers do not recover from an answer to another offer.
    if (type === 'answer' && /fake-to:(\d+)/.exec(sdp)[1] !== this.localDescription.sdp.split(' ')[2]) this.broken = true;
    if (this.broken) throw new Error('not an answer to this offer');
    if (type === 'offer' && this.signalingState === 'have-local-offer') this.rolledBack = true;
    this.remoteDescription = { type, sdp };
    if (type === 'offer') {
      const kinds = sdp.split('\r\n')[0].split(' ')[3]?.split(',').filter(Boolean) ?? [];
      kinds.forEach((k, i) => { this.lines[i] ??= this.#line(k, 'recvonly'); });
      this.signalingState = 'have-remote-offer';
    } else {
      this.signalingState = 'stable';
      this.#settled();
    }
  }

  async addIceCandidate(c) { this.added.push(c); }
  #settled() {
    const again = this.needed || this.rolledBack;
    this.needed = this.rolledBack = false;
    if (again) this.need();
  }
  async getStats() { return this.stats ?? new Map(); }
  setConfiguration(config) { this.config = config; }
  close() { this.connectionState = 'closed'; }
  become(state) { this.connectionState = state; this.onconnectionstatechange?.(); }
}

const settle = async (n = 20) => {
  for (let i = 0; i < n; i++) await new Promise((r) => { setImmediate(r); });
};
const setup = (clock, first, more = {}) => {
  let pc;
  const peer = new Peer({
    first, roles: MEDIA_ROLES, clock, log: new Log(), ...more,
    create(config) {
      pc = new FakePc();
      pc.config = config;
      return pc;
    },
  });
  return { peer, pc };
};
function couple(clock = fakeClock(), delay = 0) {
  const a = setup(clock, true);
  const b = setup(clock, false);
  const said = [];
  for (const [from, to, name] of [[a, b, 'a'], [b, a, 'b']]) {
    from.peer.on('desc', async ({ kind, sdp }) => {
      said.push(`${name} ${kind}`);
      await settle(delay);
      to.peer.receive('desc', kind, sdp);
    });
    from.peer.on('cand', (frag) => to.peer.receive('cand', undefined, frag));
  }
  return { a, b, said, clock };
}

test('the first side offers, lines get their roles by place, tracks need no negotiation', async () => {
  const { a, b, said } = couple();
  const tracks = [];
  b.peer.on('track', (t) => tracks.push(t.role));
  b.peer.setTrack('camera', 'B-camera');
  await settle();
  assert.deepEqual(said, ['a offer', 'b answer']);
  assert.deepEqual(tracks, [...MEDIA_ROLES]);
  assert.deepEqual(b.pc.lines.map((l) => l.direction), MEDIA_ROLES.map(() => 'sendrecv'));
  assert.equal(b.pc.lines[1].sender.track, 'B-camera');
  a.peer.setTrack('screen', 'A-screen');
  a.peer.setTrack('camera', null);
  await settle();
  assert.equal(a.pc.lines[2].sender.track, 'A-screen');
  assert.equal(said.length, 2);
});

test('glare: both restart at once, at every distance in time; both end up stable', async () => {
  for (const delay of [0, 1, 3, 8]) {
    for (let gap = 0; gap < 12; gap++) {
      const { a, b } = couple(fakeClock(), delay);
      await settle(60);
      a.pc.restartIce();
      await settle(gap);
      b.pc.restartIce();
      await settle(100);
      assert.equal(a.pc.signalingState, 'stable', `delay ${delay} gap ${gap}`);
      assert.equal(b.pc.signalingState, 'stable', `delay ${delay} gap ${gap}`);
      assert.equal(a.pc.needed, false);
    }
  }
});

test('candidates go in batches, wait for their description, and are told again after a loss', async () => {
  const { a, b, clock } = couple();
  b.peer.receive('cand', undefined, 'a=ice-ufrag:x\r\na=mid:0\r\na=candidate:early\r\n');
  await settle();
  assert.equal(b.pc.added[0].candidate, 'candidate:early');
  const frags = [];
  a.peer.on('cand', (f) => frags.push(f));
  for (const n of [1, 2, 3]) {
    a.pc.onicecandidate({ candidate: { candidate: `candidate:${n}`, sdpMid: '0', usernameFragment: 'u' } });
  }
  await clock.advance(50);
  assert.equal(frags.length, 1);
  a.pc.signalingState = 'have-local-offer';
  const before = b.pc.added.length;
  a.peer.resync();
  await settle();
  assert.equal(b.pc.added.length - before, 3);
});

test('an offer that is made anew before its answer has come takes only its own answer', async () => {
  for (const delay of [0, 2, 5, 9]) {
    const clock = fakeClock();
    const { a, b, said } = couple(clock, delay);
    await settle(60);
    a.pc.become('connected');
    a.peer.restart();                 // the network has gone, and
    await settle(1);
    await clock.advance(3100);
    a.peer.restart();                 // there is another one
    await settle(100);
    assert.equal(a.pc.broken, undefined, `delay ${delay}`);
    assert.equal(a.pc.signalingState, 'stable');
    assert.equal(b.pc.signalingState, 'stable');
    assert.match(b.pc.localDescription.sdp, new RegExp(`fake-to:${a.pc.localDescription.sdp.split(' ')[2]}`));
    assert.ok(said.length >= 4);
  }
});

test('a network that changes twice within three seconds is made up for, when the first restart did not help', async () => {
  const clock = fakeClock();
  const { a } = couple(clock);
  await settle();
  a.pc.become('connected');
  a.peer.restart();
  await clock.advance(1000);
  a.pc.become('disconnected');
  a.peer.restart();
  await clock.advance(1900);
  await settle();
  assert.equal(a.pc.restarted, 1);
  await clock.advance(200);
  await settle();
  assert.equal(a.pc.restarted, 2);
  a.pc.become('connected');
  a.peer.restart();
  await clock.advance(10_000);
  assert.equal(a.pc.restarted, 2, 'not when all is well by then');
});

test('what never was connected is made anew instead of restarted, where somebody does that', async () => {
  const clock = fakeClock();
  const a = setup(clock, true);
  a.peer.on('stuck', () => a.peer.close());
  await settle();
  a.pc.signalingState = 'stable';
  a.pc.become('failed');
  await clock.advance(10);
  assert.equal(a.peer.phase, 'closed');
  assert.equal(a.pc.restarted, 0);
});

test('a connection that can make no offer any more is said to be stuck', async () => {
  const { a } = couple();
  await settle();
  let stuck = 0;
  a.peer.on('stuck', () => stuck++);
  a.pc.broken = true;
  a.pc.restartIce();
  await settle();
  assert.equal(stuck, 1);
});

test('a failed connection restarts, the first side at once, the other later, less and less often', async () => {
  const clock = fakeClock();
  const a = setup(clock, true);
  const b = setup(clock, false);
  await settle();
  a.pc.signalingState = b.pc.signalingState = 'stable';
  a.pc.become('connected');
  b.pc.become('connected');
  a.pc.become('failed');
  b.pc.become('failed');
  await clock.advance(10);
  assert.deepEqual([a.pc.restarted, b.pc.restarted], [1, 0]);
  await clock.advance(3500);
  assert.deepEqual([a.pc.restarted, b.pc.restarted], [1, 1]);
  let stuck = 0;
  a.peer.on('stuck', () => stuck++);
  await clock.advance(120_000);
  assert.ok(a.pc.restarted >= 5 && a.pc.restarted < 12, `${a.pc.restarted}`);
  assert.ok(stuck >= 1);
  a.pc.become('connected');
  const n = a.pc.restarted;
  await clock.advance(60_000);
  assert.equal(a.pc.restarted, n);
});

test('an answer says which offer it answers', () => {
  const offer = (version, ufrag) => `v=0\r\no=- 7 ${version} IN IP4 0.0.0.0\r\ns=-\r\nm=audio 9 x 0\r\na=ice-ufrag:${ufrag}\r\n`;
  assert.equal(offerMark(offer(3, 'ab+/')), '3.ab+/');
  const answer = markAnswer('v=0\r\no=- 8 1 IN IP4 0.0.0.0\r\n', offer(3, 'ab+/'));
  assert.equal(answer, 'v=0\r\no=- 8 1 IN IP4 0.0.0.0\r\na=madang-answers:3.ab+/\r\n');
  assert.equal(answers(answer, offer(3, 'ab+/')), true);
  assert.equal(answers(answer, offer(4, 'ab+/')), false);
  assert.equal(answers(answer, offer(3, 'ab+/c')), false);
  assert.equal(answers('v=0\r\n', offer(3, 'x')), true, 'of a client that says nothing');
  assert.equal(answers(answer.replaceAll('\r', ''), offer(3, 'ab+/')), true, 'after an event stream');
});

test('a moment without packets is waited out', async () => {
  const clock = fakeClock();
  const a = setup(clock, true);
  await settle();
  a.pc.signalingState = 'stable';
  a.pc.become('connected');
  a.pc.become('disconnected');
  await clock.advance(3000);
  a.pc.become('connected');
  await clock.advance(30_000);
  assert.equal(a.pc.restarted, 0);
});

test('sending is capped by the plan, once there are parameters', async () => {
  const { a } = couple();
  await settle();
  a.peer.setPlan('camera', { maxBitrate: 1e6, scaleResolutionDownBy: 2, maxFramerate: 30 });
  assert.equal(a.pc.lines[1].sender.params.encodings[0].maxBitrate, 1e6);
});

// ---- mesh

class StubPeer extends Emitter {
  constructor(first, name) {
    super();
    Object.assign(this, { first, name, phase: 'new', got: [], resyncs: 0, tracks: new Map() });
    if (first) setImmediate(() => this.emit('desc', { kind: 'offer', sdp: 'offer' }));
  }
  setTrack(role, track) { this.tracks.set(role, track); }
  receive(type, kind, _body) {
    this.got.push(kind ?? type);
    if (kind === 'offer') this.emit('desc', { kind: 'answer', sdp: 'answer' });
    if (kind && !this.blocked?.()) this.be('connected');
  }
  be(phase) { if (this.phase !== 'closed') { this.phase = phase; this.emit('phase', phase); } }
  resync() { this.resyncs++; }
  restart() {}
  rest() { this.resting = true; }
  close() { this.be('closed'); }
}

/** A room of pages: sessions may change under them. */
function world(clock = fakeClock(), { unseen = () => false } = {}) {
  const pages = new Map();
  let serial = 0;
  const w = {
    clock, pages,
    join(page) {
      page.session = `S${++serial}`;
      pages.set(page.session, page);
      page.mesh.newSession();
    },
    leave(page) { pages.delete(page.session); },
    tell() {
      const all = [...pages.keys()];
      for (const p of pages.values()) p.mesh.sync(p.session, all.filter((s) => s !== p.session));
    },
    make(instance) {
      const page = { instance, peers: [], moved: [], gone: [] };
      page.mesh = new Mesh({
        instance, clock, log: new Log(), unseen: () => unseen(instance),
        makePeer(first, name) {
          const p = new StubPeer(first, name);
          p.blocked = () => w.blocked;
          page.peers.push(p);
          return p;
        },
        async send(type, { to, conn, kind }, body) {
          const from = page.session;
          if (!pages.has(to)) throw Object.assign(new Error(), { code: 'peer_unknown' });
          setImmediate(() => pages.get(to)?.mesh.receive(type, { from, conn, kind }, body));
        },
      });
      page.mesh.on('moved', (m) => page.moved.push(m));
      page.mesh.on('gone', (m) => page.gone.push(m.session));
      return page;
    },
  };
  return w;
}
async function inRoom(...instances) {
  return inRoomOf(world(), ...instances);
}
async function inRoomOf(w, ...instances) {
  const pages = instances.map((i) => w.make(i));
  for (const p of pages) { w.join(p); w.tell(); await settle(); }
  return { w, pages };
}
const connectedTo = (page) => page.mesh.connected().sort();

test('mesh: everybody is connected with everybody once, one side offering', async () => {
  const { pages } = await inRoom('cc', 'aa', 'dd', 'bb');
  for (const p of pages) {
    assert.deepEqual(connectedTo(p), pages.filter((o) => o !== p).map((o) => o.session).sort());
    assert.equal(p.peers.length, 3);
  }
  assert.deepEqual(pages.map((p) => p.peers.filter((x) => x.first).length), [1, 3, 0, 2]);
});

test('mesh: the server is started again and all sessions change: every connection goes on', async () => {
  for (const order of [[0, 1, 2], [2, 0, 1], [1, 2, 0]]) {
    const { w, pages } = await inRoom('aa', 'bb', 'cc');
    w.pages.clear();
    for (const i of order) { w.join(pages[i]); w.tell(); await settle(); }
    for (const p of pages) {
      assert.equal(p.peers.length, 2, 'no new connection');
      assert.ok(p.peers.every((x) => x.phase === 'connected'));
      assert.deepEqual(connectedTo(p), pages.filter((o) => o !== p).map((o) => o.session).sort());
      assert.equal(p.moved.length, 2);
      assert.ok(p.peers.every((x) => x.resyncs === 1));
    }
  }
});

test('mesh: connections that fail at once are made anew at longer and longer intervals', async () => {
  const { w, pages: [a, b] } = await inRoom('aa', 'bb');
  const newest = () => a.peers[a.peers.length - 1];
  for (const p of [a, b]) {
    const make = p.mesh.makePeer;
    p.mesh.makePeer = (first, name) => {
      const peer = make(first, name);
      peer.be = () => {};
      setImmediate(() => peer.emit('stuck', null));
      return peer;
    };
  }
  newest().emit('stuck', null);
  for (let i = 0; i < 60; i++) {
    await settle(6);
    await w.clock.advance(500);
  }
  assert.ok(a.peers.length > 3 && a.peers.length < 30, `${a.peers.length} connections in half a minute`);
});

/** The way between two is blocked: each connection fails a while after it was begun. */
function blockedWay(w, pages) {
  const seen = pages.map(() => 0);
  return async (ms) => {
    for (let t = 0; t < ms; t += 1000) {
      await w.clock.advance(1000);
      await settle();
      pages.forEach((p, i) => {
        const peer = p.peers.at(-1);
        peer.age = (peer.age ?? 0) + 1;
        if (peer.age !== 15) return;
        seen[i]++;
        peer.be('failed');
        peer.emit('stuck', null);
      });
      await settle();
    }
    return seen.splice(0, seen.length, ...pages.map(() => 0));
  };
}

test('mesh: a way that is blocked is tried less and less often, at a press at once, and for ever while somebody looks', async () => {
  const hidden = new Set();
  const w = world(fakeClock(), { unseen: (i) => hidden.has(i) });
  const { pages } = await inRoomOf(w, 'aa', 'bb');
  const pass = blockedWay(w, pages);
  w.blocked = true;
  const first = await pass(60_000);
  assert.ok(first[0] >= 3, `${first} tries in the first minute`);
  await pass(120_000);
  const later = await pass(600_000);
  assert.ok(later[0] >= 7 && later[0] <= 8, `${later} tries in ten minutes`);

  while (!pages[0].peers.at(-1).resting) await pass(1000);
  const before = pages[0].peers.length;
  pages[0].mesh.tryNow();
  await settle();
  assert.equal(pages[0].peers.length, before + 1);
  assert.equal(pages[1].peers.at(-1).resting, undefined, 'the other side takes part');

  await pass(240_000);
  hidden.add('aa').add('bb');
  await pass(120_000);
  assert.deepEqual(await pass(600_000), [0, 0], 'nobody looks');
  hidden.clear();
  w.blocked = false;
  pages[0].mesh.tryNow();
  await settle();
  await w.clock.advance(10_000);
  assert.deepEqual(connectedTo(pages[0]), [pages[1].session]);
  assert.equal(pages[0].mesh.vain.size, 0, 'a connection makes all well');
});

test('mesh: only one side has lost its session', async () => {
  const { w, pages: [a, b] } = await inRoom('aa', 'bb');
  w.leave(a);
  b.mesh.sync(b.session, []);
  assert.deepEqual(b.peers[0].phase, 'connected');
  w.join(a);
  w.tell();
  await settle();
  assert.deepEqual([a.peers.length, b.peers.length], [1, 1]);
  assert.deepEqual(connectedTo(b), [a.session]);
});

test('mesh: one side has given the connection up: both make a new one', async () => {
  for (const who of [0, 1]) {
    const { w, pages } = await inRoom('aa', 'bb');
    w.pages.clear();
    pages[who].mesh.close();
    for (const p of pages) { w.join(p); w.tell(); await settle(); }
    for (const p of pages) {
      assert.equal(p.peers.length, 2);
      assert.deepEqual(p.peers.map((x) => x.phase), ['closed', 'connected']);
    }
  }
});

test('mesh: a page that was reloaded is another page', async () => {
  const { w, pages: [a, b] } = await inRoom('aa', 'bb');
  w.leave(b);
  const again = w.make('bc');
  w.join(again);
  a.mesh.drop(b.session);
  w.tell();
  await settle();
  assert.deepEqual(a.peers.map((x) => x.phase), ['closed', 'connected']);
  assert.deepEqual(a.gone, [b.session]);
  assert.deepEqual(connectedTo(a), [again.session]);
});

test('mesh: who does not come back is let go after a while', async () => {
  const { w, pages: [a, b] } = await inRoom('aa', 'bb');
  w.leave(b);
  w.tell();
  await w.clock.advance(40_000);
  assert.equal(a.peers[0].phase, 'connected');
  await w.clock.advance(10_000);
  assert.equal(a.peers[0].phase, 'closed');
  assert.deepEqual(a.gone, [b.session]);
});

test('mesh: a stranger can neither take over a connection nor end it by saying to be that page', async () => {
  const { w, pages: [a, b] } = await inRoom('aa', 'bb');
  const conn = a.peers[0].name;
  const thief = w.make('bb');
  w.join(thief);
  a.mesh.sync(a.session, [b.session, thief.session]);
  const greet = (proofs) => a.mesh.receive('cand', { from: thief.session, conn: 'hello' },
    toGreeting({ instance: 'bb', proofs }));
  greet([]);
  greet([proof(conn, a.session, b.session), proof(conn, b.session, a.session)]);
  a.mesh.receive('desc', { from: thief.session, conn, kind: 'offer' }, 'evil');
  await settle();
  assert.equal(a.peers[0].phase, 'connected');
  assert.deepEqual(connectedTo(a), [b.session]);
  assert.deepEqual(a.peers[0].got, ['answer']);
});

test('mesh: an offer for an unknown connection is answered with a greeting, not taken', async () => {
  const { pages: [a, b] } = await inRoom('aa', 'bb');
  a.mesh.receive('desc', { from: b.session, conn: 'm-unknown', kind: 'offer' }, 'x');
  await settle();
  assert.equal(a.peers.length, 1);
  assert.deepEqual(connectedTo(a), [b.session]);
});

test('mesh: new connections get the tracks that there are', async () => {
  const w = world();
  const a = w.make('aa');
  a.mesh.setTrack('camera', 'cam');
  const b = w.make('bb');
  for (const p of [a, b]) { w.join(p); w.tell(); }
  await settle();
  assert.equal(a.peers[0].tracks.get('camera'), 'cam');
  a.mesh.setTrack('camera', null);
  assert.equal(a.peers[0].tracks.get('camera'), null);
});

// ---- pure parts

test('sdpfrag there and back', () => {
  const list = [
    { candidate: 'candidate:1 1 udp 1 192.0.2.1 1 typ host', sdpMid: '0', usernameFragment: 'u' },
    { candidate: 'candidate:2 1 udp 1 192.0.2.1 2 typ host', sdpMid: '1', usernameFragment: 'u' },
    { candidate: '', sdpMid: '1', usernameFragment: 'u' },
  ];
  assert.deepEqual(fromFrag(toFrag(list)), list);
  assert.equal(toFrag(list).match(/ice-ufrag/g).length, 1);
  assert.deepEqual(fromFrag(toFrag(list).replaceAll('\r', '')), list);
  assert.equal(fromFrag('a=candidate:x\n'.repeat(500)).length, 100);
  assert.deepEqual(fromFrag('nonsense'), []);
});

test('greetings hold what they may and nothing else', () => {
  const g = { instance: 'aa', proofs: ['p1', 'p2'] };
  assert.deepEqual(fromGreeting(toGreeting(g)), g);
  assert.equal(fromGreeting('a=madang-instance:<b>\r\n'), null);
  assert.equal(fromGreeting(''), null);
});

test('opus is asked for FEC and DTX, other lines stay as they are', () => {
  const audio = 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n';
  const video = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n';
  const head = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n';
  const out = opusFecDtx(head + audio + video);
  assert.ok(out.includes('a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n'));
  assert.ok(out.startsWith(head) && out.endsWith(video));
  assert.equal(opusFecDtx(out), out);
  const bare = opusFecDtx('m=audio 9 X 109\r\na=rtpmap:109 opus/48000/2\r\na=ptime:20\r\n');
  assert.equal(bare, 'm=audio 9 X 109\r\na=rtpmap:109 opus/48000/2\r\na=fmtp:109 useinbandfec=1;usedtx=1\r\na=ptime:20\r\n');
  assert.equal(opusFecDtx(video), video);
});

test('a later offer keeps the DTLS role that its author has', () => {
  const offer = 'v=0\r\nm=audio 9 X 0\r\na=setup:actpass\r\nm=video 9 X 96\r\na=setup:actpass\r\n';
  assert.equal(roleOf(offer), '');
  assert.equal(withRole(offer, ''), offer);
  const kept = withRole(offer, 'passive');
  assert.equal(kept, offer.replaceAll('actpass', 'passive'));
  assert.equal(roleOf(kept), 'passive');
  assert.equal(withRole(kept, 'active'), kept, 'what is said stays');
});

test('attributes of payload types that a line does not have are left out', () => {
  const good = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n'
    + 'a=rtcp-fb:* transport-cc\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=extmap:4 urn:x\r\n';
  const other = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\n';
  assert.equal(withoutStrays(good + other), good + other);
  const strays = good.replace('a=extmap', 'a=rtcp-fb:98 nack\r\na=fmtp:98 profile-id=0\r\na=extmap');
  assert.equal(withoutStrays(strays + other), good + other);
});

test('bitrates: by resolution, less for each as there are more', () => {
  assert.equal(plan('camera', { width: 1280, height: 720 }, 1).maxBitrate, 1500e3);
  assert.equal(plan('camera', { width: 640, height: 360 }, 1).maxBitrate, 500e3);
  const three = plan('camera', { width: 1280, height: 720 }, 3);
  assert.deepEqual([three.scaleResolutionDownBy, three.maxBitrate], [2, 500e3]);
  assert.equal(plan('camera', { width: 720, height: 1280 }, 1).scaleResolutionDownBy, 1);
  assert.ok(plan('screen', { width: 1920, height: 1080 }, 3).maxBitrate < plan('screen', { height: 1080 }, 1).maxBitrate);
});

test('statistics as people understand them', () => {
  const report = (t) => [
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
    { id: 'P', type: 'candidate-pair', currentRoundTripTime: 0.05, localCandidateId: 'L' },
    { id: 'L', type: 'local-candidate', candidateType: 'srflx' },
    { id: 'V', type: 'inbound-rtp', kind: 'video', bytesReceived: 125_000 * t, packetsLost: 10 * t, packetsReceived: 90 * t,
      framesDecoded: 30 * t, frameWidth: 640, frameHeight: 360 },
    { id: 'O', type: 'outbound-rtp', bytesSent: 12_500 * t },
  ];
  const one = digest(report(1), null, 1000);
  assert.deepEqual([one.stats.kbpsIn, one.stats.lossPercent, one.stats.path], [0, 0, 'srflx']);
  const two = digest(report(2), one.sample, 2000);
  const { rttMs, lossPercent, kbpsIn, kbpsOut, quality, framesDecoded, width } = two.stats;
  const seen = [kbpsIn, kbpsOut, lossPercent, rttMs, quality, framesDecoded, width];
  assert.deepEqual(seen, [1000, 100, 10, 50, 1, 60, 640]);
});

test('SHA-256: the vectors of FIPS 180-4, and every length around a block in every way of cutting', () => {
  const of = (text) => new Sha256().update(new TextEncoder().encode(text)).hex();
  assert.equal(of('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(of(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(of('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  assert.equal(of('a'.repeat(1_000_000)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
  for (let n = 0; n < 200; n++) {
    const data = Uint8Array.from({ length: n }, (_, i) => i * 7 + n);
    const want = createHash('sha256').update(data).digest('hex');
    for (const step of [1, 13, 64, 100]) {
      const h = new Sha256();
      for (let i = 0; i < n; i += step) h.update(data.subarray(i, i + step));
      assert.equal(h.hex(), want, `${n} bytes by ${step}`);
    }
  }
});

// ---- relays

const RELAY = { username: '00112233aabbccdd', credential: 'secret' };
const SERVERS = { stunPort: 3478, turn: { udp: 3478, tcp: 8443, tls: true } };

test('the server is asked by the name that the page has for it, over everything that it offers', () => {
  const all = iceServers({ host: 'talk.example', servers: SERVERS, relay: RELAY });
  assert.deepEqual(all, [{ urls: 'stun:talk.example:3478' }, {
    urls: [
      'turn:talk.example:3478?transport=udp', 'turn:talk.example:8443?transport=tcp',
      'turns:talk.example:8443?transport=tcp'],
    ...RELAY,
  }]);
  for (const host of ['[2001:db8::1]', '2001:db8::1']) {
    const [stun, turn] = iceServers({ host, servers: SERVERS, relay: RELAY });
    assert.equal(stun.urls, 'stun:[2001:db8::1]:3478');
    assert.equal(turn.urls[2], 'turns:[2001:db8::1]:8443?transport=tcp');
  }
  const of = (turn, relay = RELAY, transports = undefined) =>
    iceServers({ host: 'h', servers: { stunPort: 0, turn }, relay, transports }).map((s) => s.urls);
  assert.deepEqual(of({ udp: 1, tcp: 2, tls: false }), [['turn:h:1?transport=udp', 'turn:h:2?transport=tcp']]);
  assert.deepEqual(of({ udp: 0, tcp: 2, tls: true }), [['turn:h:2?transport=tcp', 'turns:h:2?transport=tcp']]);
  assert.deepEqual(of({ udp: 1, tcp: 0, tls: true }), [['turn:h:1?transport=udp']]);
  assert.deepEqual(of(SERVERS.turn, RELAY, ['tls']), [['turns:h:8443?transport=tcp']]);
  assert.deepEqual(of(null), []);
  assert.deepEqual(of(SERVERS.turn, null), [], 'no credential, no relay');
});

test('who hides their address tells of relays only, and of nothing behind them', () => {
  const relay = 'candidate:3 1 udp 41885439 203.0.113.1 50000 typ relay raddr 198.51.100.7 rport 1234 generation 0';
  assert.equal(hidden(relay),
    'candidate:3 1 udp 41885439 203.0.113.1 50000 typ relay raddr 0.0.0.0 rport 0 generation 0');
  assert.equal(hidden('candidate:3 1 udp 1 2001:db8::1 50000 typ relay raddr 2001:db8::7 rport 1'),
    'candidate:3 1 udp 1 2001:db8::1 50000 typ relay raddr :: rport 0');
  assert.equal(hidden('candidate:1 1 udp 1 192.168.0.5 9 typ host'), null);
  assert.equal(hidden('candidate:1 1 udp 1 198.51.100.7 9 typ srflx raddr 0.0.0.0 rport 0'), null);
  assert.equal(hidden('candidate:1 1 udp 1 x.local 9 typ host'), null);
  assert.equal(hidden(''), '');
  const lines = [
    'v=0', 'o=- 1 2 IN IP4 127.0.0.1', 'm=audio 1234 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 198.51.100.7',
    'a=rtcp:1235 IN IP4 198.51.100.7', 'a=candidate:1 1 udp 1 192.168.0.5 9 typ host', `a=${relay}`,
    'c=IN IP6 2001:db8::7', ''];
  const sdp = hiddenSdp(lines.join('\r\n'));
  assert.ok(!/198\.51|192\.168|db8::7/.test(sdp), sdp);
  assert.match(sdp, /^a=candidate:3 1 udp 41885439 203\.0\.113\.1 50000 typ relay raddr 0\.0\.0\.0 rport 0/m);
  assert.equal(sdp.split('\r\n').length, lines.length - 1);
});

test('a hidden peer takes only relays, and says so only', async () => {
  const clock = fakeClock();
  const a = setup(clock, true, { ice: { iceServers: [{ urls: 'stun:h:1' }], relayOnly: true } });
  const open = setup(clock, true, { ice: { iceServers: [] } });
  assert.equal(a.pc.config.iceTransportPolicy, 'relay');
  assert.equal(open.pc.config.iceTransportPolicy, undefined);
  const frags = [];
  a.peer.on('cand', (f) => frags.push(f));
  for (const end of ['1 9 typ host', '9 9 typ relay raddr 192.0.2.1 rport 9']) {
    a.pc.onicecandidate({
      candidate: { candidate: `candidate:1 1 udp 1 192.0.2.${end}`, sdpMid: '0', usernameFragment: 'u' },
    });
  }
  a.pc.onicecandidate({ candidate: null });
  await clock.advance(50);
  assert.deepEqual(frags.join('').split('\r\n'), ['a=ice-ufrag:u', 'a=mid:0',
    'a=candidate:1 1 udp 1 192.0.2.9 9 typ relay raddr 0.0.0.0 rport 0', 'a=end-of-candidates', '']);
  await a.peer.setIceServers([{ urls: 'stun:h:2' }]);
  assert.equal(a.pc.config.iceTransportPolicy, 'relay', 'as long as it lives');
});

const RELAYS = [{ urls: ['turn:h:1'], username: 'u', credential: 'c' }];
const relaysFirst = (clock, first) => setup(clock, first, { ice: { iceServers: RELAYS, relaysFirst: true } });
/** As browsers have it: a restart of ICE gives the next description another ufrag. */
const describe = (pc, ufrag) => { pc.localDescription = { type: 'offer', sdp: `a=ice-ufrag:${ufrag}\r\n` }; };

test('before it is opened a peer has only relays; then every way, beside the one in use', async () => {
  const clock = fakeClock();
  const { peer, pc } = relaysFirst(clock, true);
  const frags = [];
  let stuck = 0;
  peer.on('cand', (f) => frags.push(f));
  peer.on('stuck', () => stuck++);
  const found = (end) => pc.onicecandidate({
    candidate: { candidate: `candidate:1 1 udp 1 192.0.2.${end}`, sdpMid: '0', usernameFragment: 'u' },
  });
  assert.equal(pc.config.iceTransportPolicy, 'relay');
  found('1 9 typ host');
  found('9 9 typ relay raddr 192.0.2.1 rport 9');
  await clock.advance(50);
  assert.ok(!frags.join('').includes('192.0.2.1 '), frags.join(''));
  describe(pc, 'u');
  pc.become('connected');
  await peer.setIceServers([...RELAYS, { urls: 'stun:h:2' }]);
  assert.equal(pc.config.iceTransportPolicy, 'relay', 'other servers open nothing');
  assert.equal(pc.restarted, 0);
  peer.open();
  assert.equal(pc.config.iceTransportPolicy, undefined);
  assert.deepEqual(pc.config.iceServers, [...RELAYS, { urls: 'stun:h:2' }]);
  assert.equal(pc.restarted, 0, 'the first picture goes first');
  await clock.advance(500);
  assert.equal(pc.restarted, 1);
  assert.equal(peer.phase, 'connected');
  peer.open();
  assert.equal(pc.restarted, 1, 'once');
  frags.length = 0;
  found('1 9 typ host');
  await clock.advance(10_000);
  assert.match(frags.join(''), /192\.0\.2\.1 9 typ host/);
  assert.equal(stuck, 0);
  const always = setup(clock, true, { ice: { iceServers: [], relayOnly: true, relaysFirst: true } });
  always.peer.open();
  assert.equal(always.pc.config.iceTransportPolicy, 'relay', 'who hides goes on hiding');
});

test('of two that are opened the first one looks for other ways, the second one only where that does not happen', async () => {
  for (const told of [true, false]) {
    const clock = fakeClock();
    const { peer, pc } = relaysFirst(clock, false);
    describe(pc, 'u');
    pc.become('connected');
    peer.open();
    assert.equal(pc.config.iceTransportPolicy, undefined);
    assert.equal(pc.restarted, 0);
    if (told) describe(pc, 'w');   // the answer to the other's restart
    await clock.advance(10_000);
    assert.equal(pc.restarted, told ? 0 : 1);
  }
});

test('what is opened before it is connected looks for other ways as soon as it is', async () => {
  const clock = fakeClock();
  const { peer, pc } = relaysFirst(clock, true);
  let stuck = 0;
  peer.on('stuck', () => stuck++);
  describe(pc, 'u');
  pc.become('connecting');
  peer.open();
  assert.equal(pc.restarted, 0);
  await clock.advance(500);
  pc.become('connected');
  await clock.advance(500);
  assert.equal(pc.restarted, 1);
  await clock.advance(10_000);
  assert.equal(pc.restarted, 1);
  assert.equal(stuck, 0);
});

test('where no relay leads to the other, a connection that was opened is made anew', async () => {
  for (const [ice, wait] of [[{ iceServers: RELAYS, relaysFirst: true }, 1000], [{ iceServers: [], relaysFirst: true }, 0]]) {
    const clock = fakeClock();
    const { peer, pc } = setup(clock, true, { ice });
    let stuck = 0;
    peer.on('stuck', () => stuck++);
    describe(pc, 'u');
    pc.become('connecting');
    peer.open();
    if (wait) await clock.advance(wait - 1);
    assert.equal(stuck, 0);
    await clock.advance(1);
    assert.equal(stuck, 1);
  }
});

const over = (local, remote) => new Map([
  ['t', { id: 't', type: 'transport', selectedCandidatePairId: 'p' }],
  ['p', { id: 'p', type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' }],
  ['l', { id: 'l', type: 'local-candidate', candidateType: local }],
  ['r', { id: 'r', type: 'remote-candidate', candidateType: remote }]]);

test('other credentials are taken at once where a relay is in use, otherwise with the next restart', async () => {
  assert.ok(overRelay(over('relay', 'host').values()));
  assert.ok(overRelay(over('prflx', 'relay').values()));
  assert.ok(!overRelay(over('host', 'srflx').values()));
  assert.ok(!overRelay(new Map().values()));
  for (const [remote, restarts] of [['relay', 1], ['host', 0]]) {
    const { a } = couple();
    await settle();
    a.pc.become('connected');
    a.pc.stats = over('host', remote);
    const servers = iceServers({ host: 'h', servers: SERVERS, relay: RELAY });
    await a.peer.setIceServers(servers);
    await settle();
    assert.deepEqual(a.pc.config.iceServers, servers);
    assert.equal(a.pc.restarted, restarts);
    await a.peer.setIceServers(servers);
    await settle();
    assert.equal(a.pc.restarted, restarts, 'the same ones change nothing');
  }
});
