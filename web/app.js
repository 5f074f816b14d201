// The `app` facade: what views (and tests in a browser, as window.madang with ?debug) work with.
//
//   app.state()                    the State of domain/types.js
//   app.subscribe(fn) -> stop      fn(state) after each change (several changes may come in one task)
//   app.streams.get(id)            MediaStream of an id in the state, or undefined
//   app.streams.on('change', id => ...)
//   app.meter(fn) -> stop          fn(level 0..1) about 15 times a second: one's own microphone, also muted
//   app.link(room) -> string       https://HOST/r/ROOM
//   app.log                        core/log.js
//   app.actions                    below; what went wrong is in the state, never thrown
//
// Actions (all may be called at any time; one that makes no sense just now does nothing):
//   lobby:   watchLobby(on)  goLobby()
//   joining: prepare({room}) | prepare({create: {title, public, password, capacity}})   -> screen 'prejoin'
//            setCreate(fields)  join({password, recorded}?)  cancelJoin()
//            answerOtherTab('switch'|'muted'|'cancel')
//   room:    leave(room?)  show(room)  roomSet({title?, public?, locked?, capacity?, password?})
//            removePerson(session)  mergeInto(room)  askMedia(on)
//   order:   order.hand(on)  order.why(kind)  order.heeded()  and, for those who moderate:
//            order.mute(session, kind, {hard, on})  order.muteAll('ask'|'mute'|'lift')  order.lowerAll()
//            order.admit(session, on)  order.admitAll()  order.token(terms): app/order.js
//   talking: sendChat(text)  sendWhisper(to, text)  resend(chatId)  typing(on)  chatSeen()
//   me:      setName(name)  setMic(on)  setCam(on)  setListenOnly(on)
//            setDevice('mic'|'camera'|'speaker', id)  flipCamera()  retryDevice('mic'|'camera')
//            startScreen()  stopScreen()      call startScreen within a click
//   playing: playbackBlocked()   a view says that play() was refused;  resumePlayback() from a tap
//            attachSink(element) -> stop     audio element that is to play on the chosen speaker
//   files:   offerFile(session, File)  acceptFile(id) (within a click)  declineFile(id)  cancelFile(id)
//            forgetFile(id)
//   net:     retryNow()  retryCall()  reload()
//   toasts:  dismiss(id)
//   people:  home(tab), account.*, people.*, calls.*: app/with_people.js
import { Call } from './app/call.js';
import { Bus, codeOf, toaster } from './app/context.js';
import { Order, orderActions } from './app/order.js';
import { Rooms } from './app/rooms.js';
import { Talk } from './app/talk.js';
import { Account } from './app/account.js';
import { withPeople } from './app/with_people.js';
import { realClock } from './core/clock.js';
import { randomId } from './core/random.js';
import { createStore } from './core/store.js';
import { readIntent } from './domain/call.js';
import { callOfRoom } from './domain/ring.js';
import { INITIAL, reduce } from './domain/root.js';
import { connect } from './net/connect.js';
import { StreamRegistry } from './rtc/registry.js';

/** @typedef {import('./app/context.js').Env} Env */
/** @typedef {import('./app/context.js').Context} Context */
/** @typedef {import('./domain/types.js').State} State */
/** @typedef {import('./domain/types.js').Intent} Intent */
/** @typedef {import('./net/protocol.js').Message} Message */

const INTENT_KEY = 'madang.intent';

/** @param {Storage | null} local @returns {Intent} */
function storedIntent(local) {
  try {
    return readIntent(JSON.parse(local?.getItem(INTENT_KEY) ?? 'null'));
  } catch {
    return readIntent(null);
  }
}

/**
 * @param {Env} env
 * @param {import('./core/log.js').Log} log
 */
export function createApp(env, log) {
  const clock = realClock;
  const intent = storedIntent(env.local);
  const self = { ...INITIAL.self, name: intent.name };
  const screen = Account.wasSignedIn(env.local) && !env.startsInRooms ? 'people' : 'lobby';
  const store = createStore(reduce, { ...INITIAL, screen, home: screen, intent, support: env.support, self });
  const streams = new StreamRegistry();
  /** @type {Context} */
  const c = {
    store, log, clock, env, state: store.get, dispatch: store.dispatch, bus: new Bus(),
    instance: randomId(16), sig: /** @type {any} */ (null),
    toast: toaster({ dispatch: store.dispatch, clock }),
  };
  c.sig = connect({
    server: env.server, log, clock, shareStream: true,
    makeHello: () => rooms.hello(), unseen: () => env.unseen(),
  });
  const rooms = new Rooms(c);
  const call = new Call(c, streams);
  const talk = new Talk(c, call);
  const lobby = { watching: false };
  const people = withPeople(c, rooms);
  const order = new Order(c, { screen: call.screen, ringer: people.ringer });

  rooms.ghosts = () => call.mesh.connected();
  call.waits = () => rooms.reclaiming.size > 0;
  call.warm = () => people.calls.warm();
  call.held = () => people.calls.held();
  call.hushed = () => people.calls.hushed(call.room()?.id);
  call.relaysFirst = (room) => people.calls.relaysFirst(room);
  call.answered = () => people.calls.answered(call.room()?.id);
  listenNet(c, { rooms, call, talk, lobby, people, order });
  store.subscribe((state, action) => {
    if (action.type === 'intent/set' && !action.passing) keepIntent(env.local, state.intent);
    if (!action.type.startsWith('chat/') && !action.type.startsWith('file/')) scheduleFollow();
  });
  let scheduled = false;
  const scheduleFollow = () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      people.calls.follow();
      order.follow();
      call.follow();
    });
  };

  return {
    state: store.get,
    subscribe: (/** @type {(state: State) => void} */ fn) => store.subscribe((s) => fn(s)),
    streams: /** @type {{get: (id: string) => MediaStream | undefined,
      on: (type: 'change', fn: (id: string) => void) => () => void}} */ (streams),
    meter: (/** @type {(level: number) => void} */ fn) => call.meter.listen(fn),
    link: (/** @type {string} */ room) => `${env.server}/r/${room}`,
    log,
    actions: { ...makeActions(c, { rooms, call, talk, lobby, people, order }), ...people.actions },
    start() {
      rooms.expect();
      c.sig.start();
    },
    /** What happens to the page, told by main.js. */
    page: pageEvents(c, { rooms, call, people }),
    /** For tests in a browser. */
    parts: {
      sig: c.sig, call, mesh: call.mesh, transfers: talk.transfers, uploads: people.convs.uploads,
      instance: c.instance,
    },
  };
}

/** @param {Storage | null} local @param {Intent} intent */
function keepIntent(local, intent) {
  try {
    local?.setItem(INTENT_KEY, JSON.stringify(intent));
  } catch { }
}

/** @typedef {{rooms: Rooms, call: Call, talk: Talk, lobby: {watching: boolean},
 *   people: ReturnType<typeof withPeople>, order: Order}} Parts */

/** @param {Context} c @param {Parts} parts */
function listenNet(c, parts) {
  const { rooms, call, lobby, people } = parts;
  c.sig.on('session', ({ ack, again }) => {
    call.servers = { stunPort: ack.stun_port ?? 0, turn: ack.turn ?? null };
    c.dispatch({ type: 'self/hello', ack });
    c.dispatch({ type: 'room/stale', on: true });
    call.mesh.newSession();
    call.groups.newSession();
    rooms.begun(ack);
    people.begun(ack, again);
    if (lobby.watching) watch(c, true);
  });
  c.sig.on('phase', ({ phase, pipe, retryInMs, attempt, error }) => {
    const retryAt = retryInMs === null ? null : Math.round(Date.now() + retryInMs);
    c.dispatch({ type: 'net/phase', phase, pipe, retryAt, attempt, error });
    c.dispatch({ type: 'room/stale', on: phase !== 'online', session: c.sig.session });
    if (phase === 'online') call.mesh.nudge();
    if (phase === 'version') c.dispatch({ type: 'screen/over', code: 'version' });
    if (phase === 'ended' && error === 'signed_out') people.account.ended();
    if (error === 'sign_in_required' && c.state().screen !== 'sign') people.account.required();
    if (phase === 'ended' && error?.startsWith('replaced')) c.dispatch({ type: 'screen/over', code: 'replaced' });
  });
  c.sig.on('message', (message) => event(c, parts, message));
}

/** @param {Context} c @param {Parts} parts @param {Message} message */
function event(c, { rooms, call, talk, people, order }, { head, body }) {
  const e = /** @type {any} */ (head);
  if (people.event(e) || call.groups.event(e, body)) return;
  switch (e.type) {
    case 'desc': case 'cand':
      if (!talk.transfers.receive(e.type, e, body)) call.mesh.receive(e.type, e, body);
      return;
    case 'file':
      talk.transfers.receive('file', e, body);
      return;
    case 'rooms':
      c.dispatch({ ...e, type: 'lobby/change' });
      return;
    case 'merged':
      c.dispatch({ type: 'room/merged', from: e.from, joined: e.joined, now: Date.now() });
      c.bus.emit('joined', { joined: e.joined, again: false });
      return;
    case 'left':
      if (c.state().rooms[e.room]?.self === e.session) return e.reason === 'merged' ? undefined : rooms.putOut(e);
      return left(c, call, e);
    case 'admitted':
      rooms.admitted(e);
      return;
    case 'entered':
      if (e.replaces) call.mesh.drop(e.replaces);
      break;
    case 'participant':
      if (!e.participant.media) call.mesh.drop(e.participant.session);
      if (e.participant.session === c.state().self.session) {
        c.dispatch({ type: 'self/name', name: e.participant.name });
        people.calls.ownMedia(e.room, e.participant.media);
      }
      break;
    default:
  }
  const room = e.room?.room ?? e.room;
  if (!room && e.type === 'notice') return c.toast('info', 'notice', { text: e.text ?? e.code });
  c.dispatch({ type: 'room/event', room, event: e, now: Date.now(), former: c.state().self.former });
  order.event(e);
  c.bus.emit('event', e);
}

/** Somebody else has left. Who is still connected directly may come back under another session.
 * @param {Context} c @param {Call} call @param {any} e */
function left(c, call, e) {
  const stays = e.reason === 'gone' && call.mesh.connected().includes(e.session);
  c.dispatch({
    type: 'room/event', room: e.room, event: e, now: Date.now(), ghosts: stays ? [e.session] : [],
  });
  if (!stays && call.room()?.id === e.room) call.mesh.drop(e.session);
  c.bus.emit('left', e);
}

/** @param {Context} c @param {boolean} on */
async function watch(c, on) {
  try {
    const ack = await c.sig.request('watch', { on });
    if (on) c.dispatch({ ...ack, type: 'lobby/list' });
  } catch (e) {
    const { retryMs } = /** @type {any} */ (e);
    if (retryMs) c.clock.after(() => watch(c, on), retryMs);
  }
}

/** What the person asked for, and was refused, is said. @param {Context} c @param {Promise<unknown>} asked */
const orSay = (c, asked) => { asked.catch((e) => c.toast('error', codeOf(e))); };

/** @param {Context} c @param {Parts} parts */
function makeActions(c, { rooms, call, talk, lobby, people, order }) {
  const set = (/** @type {Partial<Intent>} */ patch) => c.dispatch({ type: 'intent/set', patch });
  const inCurrent = (/** @type {(room: string) => void} */ fn) => {
    const { current } = c.state();
    if (current) fn(current);
  };
  return {
    watchLobby(/** @type {boolean} */ on) {
      if (lobby.watching === on) return;
      lobby.watching = on;
      if (c.sig.token) watch(c, on);
    },
    goLobby: () => c.dispatch({ type: 'screen/lobby' }),
    prepare: (/** @type {{room: string} | {create: Record<string, any>}} */ what) => rooms.prepare(what),
    setCreate: (/** @type {Record<string, any>} */ fields) => c.dispatch({
      type: 'prejoin/set', patch: { create: { ...c.state().prejoin?.create, ...fields } },
    }),
    join: (/** @type {Parameters<Rooms['join']>[0]} */ how) => { rooms.join(how); },
    cancelJoin: () => c.dispatch({ type: 'screen/lobby' }),
    answerOtherTab: (/** @type {'switch'|'muted'|'cancel'} */ answer) => { rooms.answerOtherTab(answer); },
    leave(/** @type {string | undefined} */ room = undefined) {
      const call = callOfRoom(c.state().ring, room ?? c.state().current);
      if (call) people.calls.end(call.call);
      else rooms.leave(room);
    },
    show: (/** @type {string} */ room) => rooms.show(room),
    roomSet: (/** @type {Record<string, any>} */ fields) =>
      inCurrent((room) => orSay(c, c.sig.request('room_set', { room, ...fields }))),
    removePerson: (/** @type {string} */ session) =>
      inCurrent((room) => orSay(c, c.sig.request('room_remove', { room, session }))),
    mergeInto: (/** @type {string} */ into) =>
      inCurrent((room) => orSay(c, merge(c, room, into))),
    order: orderActions(order),
    askMedia: (/** @type {boolean} */ on) => inCurrent((room) => { askMedia(c, room, on); }),
    sendChat: (/** @type {string} */ text) => talk.send(text),
    sendWhisper: (/** @type {string} */ to, /** @type {string} */ text) => talk.send(text, to),
    resend: (/** @type {string} */ id) => talk.resend(id),
    typing: (/** @type {boolean} */ on) => talk.typing(on),
    chatSeen: () => inCurrent((room) => c.dispatch({ type: 'chat/seen', room })),
    setName(/** @type {string} */ name) {
      set({ name });
      if (!c.sig.token) return;
      c.sig.request('name', { name })
        .then((ack) => c.dispatch({ type: 'self/name', name: ack.name }), (e) => c.toast('error', codeOf(e)));
    },
    setMic: (/** @type {boolean} */ mic) => set({ mic }),
    setCam: (/** @type {boolean} */ cam) => set({ cam }),
    setListenOnly: (/** @type {boolean} */ listenOnly) => set({ listenOnly }),
    setQuality: (/** @type {import('./domain/types.js').Quality} */ quality) => set({ quality }),
    setRelayOnly: (/** @type {boolean} */ relayOnly) => set({ relayOnly }),
    ...deviceActions(c, call, set),
    offerFile(/** @type {string} */ session, /** @type {File} */ file) {
      talk.transfers.offer(session, file);
    },
    acceptFile: (/** @type {string} */ id) => { talk.transfers.accept(id); },
    declineFile: (/** @type {string} */ id) => talk.transfers.decline(id),
    cancelFile: (/** @type {string} */ id) => talk.transfers.cancel(id),
    forgetFile: (/** @type {string} */ id) => talk.forget(id),
    retryNow: () => c.sig.poke(),
    retryCall: () => {
      call.mesh.tryNow();
      call.groups.tryNow();
    },
    look: call.groups.look.bind(call.groups),
    askWays: () => { call.groups.ask(); },
    reload: () => c.env.reload(),
    dismiss: (/** @type {number} */ id) => c.dispatch({ type: 'toast/drop', id }),
  };
}

/** @param {Context} c @param {Call} call @param {(patch: Partial<Intent>) => void} set */
function deviceActions(c, call, set) {
  const lists = () => c.state().media;
  const labelOf = (/** @type {import('./domain/types.js').Device[]} */ list, /** @type {string} */ id) =>
    list.find((d) => d.id === id)?.label ?? '';
  return {
    setDevice(/** @type {'mic'|'camera'|'speaker'} */ kind, /** @type {string} */ id) {
      const { mics, cameras, speakers } = lists();
      if (kind === 'mic') set({ micId: id, micLabel: labelOf(mics, id) });
      else if (kind === 'camera') set({ camId: id, camLabel: labelOf(cameras, id) });
      else set({ speakerId: id, speakerLabel: labelOf(speakers, id) });
    },
    flipCamera() {
      const { facing } = c.state().intent;
      set({ facing: facing === 'user' ? 'environment' : 'user', camId: '', camLabel: '' });
    },
    retryDevice: (/** @type {'mic'|'camera'} */ kind) => call.capture.retry(kind),
    startScreen: () => { call.screen.start(); },
    stopScreen: () => call.screen.stop(),
    playbackBlocked: () => c.dispatch({ type: 'media/set', patch: { playbackBlocked: true } }),
    resumePlayback() {
      call.meter.resume();
      call.speaker.resume().then((ok) => {
        if (ok) c.dispatch({ type: 'media/set', patch: { playbackBlocked: false } });
      });
    },
    attachSink: (/** @type {HTMLMediaElement} */ element) => call.speaker.attach(element),
  };
}

/** Who merges a room into another one is to be in that one: goes in quietly, and out again if it was refused.
 * @param {Context} c @param {string} room @param {string} into */
async function merge(c, room, into) {
  const stranger = !c.state().rooms[into];
  if (stranger) await c.sig.request('join', { room: into, media: false });
  try {
    await c.sig.request('room_merge', { room, into });
  } catch (e) {
    if (stranger) c.sig.request('leave', { room: into }).catch(() => {});
    throw e;
  }
}

/** @param {Context} c @param {string} room @param {boolean} on */
async function askMedia(c, room, on) {
  try {
    const { media } = await c.sig.request('media', { room, on });
    c.dispatch({ type: 'room/media', room, on: media, full: false });
  } catch (e) {
    const code = codeOf(e);
    if (code === 'media_full') c.dispatch({ type: 'room/media', room, on: false, full: true });
    c.toast('warn', code);
  }
}

/** @param {Context} c @param {Pick<Parts, 'rooms' | 'call' | 'people'>} parts */
function pageEvents(c, { rooms, call, people }) {
  return {
    hidden: () => rooms.handOff(),
    /** Nobody looks at the page: no pictures. */
    unseen: () => call.groups.refresh(),
    /** Something would be lost with it. */
    busy: () => people.busy(),
    visible() {
      c.sig.poke();
      call.mesh.tryNow();
      call.groups.tryNow();
      call.groups.refresh();
      call.capture.wake();
      call.meter.resume();
      call.wakeLock.renew();
      people.people.stir();
    },
    /** @param {boolean} online  false: there is none just now */
    networkChanged(online) {
      c.sig.poke(true);
      // Candidates gathered without a network are none, and the restart that helps would have to wait.
      if (!online) return;
      call.mesh.networkChanged();
      call.groups.networkChanged();
    },
    /** Somebody is there. */
    stirred: () => people.people.stir(),
    gesture() {
      call.meter.resume();
      people.gesture();
    },
    permissionGiven: (/** @type {'mic'|'camera'} */ kind) => call.capture.retry(kind),
  };
}

/** @typedef {ReturnType<typeof createApp>} App */
