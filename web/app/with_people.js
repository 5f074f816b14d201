// The part of the app that people with accounts use, put together: who hears what, and what views may call.
import { Api } from '../net/api.js';
import { Ringer } from '../media/ringer.js';
import { Account } from './account.js';
import { Calls } from './calls.js';
import { ConfirmSelf } from './confirm.js';
import { Convs, convActions } from './convs.js';
import { Live } from './live.js';
import { Passkeys } from './passkeys.js';
import { People } from './people.js';
import { Push } from './push.js';
import { OwnData } from './own_data.js';
import { Recordings, recordingActions } from './recordings.js';
import { Stay, stayActions } from './stay.js';
import { Unsent } from './unsent.js';
import { Uploads } from './uploads.js';

/** @typedef {import('./context.js').Context} Context */

const CONV_EVENTS = new Set(['message', 'message_changed', 'conv', 'read', 'delivered', 'typing_conv', 'conv_live', 'member']);

/** @param {Context} c @param {import('./rooms.js').Rooms} rooms */
export function withPeople(c, rooms) {
  const { env } = c;
  const api = new Api({ server: env.server });
  const account = new Account(c, api);
  const people = new People(c);
  const ringer = new Ringer({ clock: c.clock, vibrate: env.vibrate, clicked: env.clicked });
  const calls = new Calls(c, rooms, ringer);
  const uploads = new Uploads(c, api);
  const unsent = new Unsent(c);
  const convs = new Convs(c, uploads, unsent);
  c.store.subscribe((_, { type }) => {
    if (type === 'account/gone') convs.gone();
    else if (type.startsWith('convs/')) unsent.follow();
  });
  const stay = new Stay(c, api, convs);
  const own = new OwnData(c);
  const recordings = new Recordings(c);
  const live = new Live(c, rooms, convs, { account, stay });
  const passkeys = new Passkeys(c, api, env.credentials);
  const confirm = new ConfirmSelf(c, passkeys);
  const push = new Push(c, { workers: env.workers, notification: env.notification });
  const parts = { account, people, calls, convs, live, stay, own, recordings, passkeys, confirm, push };
  return {
    ...parts, ringer,
    /** A session has begun. @param {import('../net/protocol.js').HelloAck} ack @param {boolean} again */
    begun(ack, again) {
      if (!c.state().account.asked) account.begin();
      account.begun(ack.user, again);
      people.begun();
      if (ack.user && again) calls.again();
      convs.begun(again);
      live.begun(!!ack.user);
      if (ack.user) push.begun();
      own.begun();
      if (ack.user && c.state().calls.loaded) calls.load();
    },
    /** @param {any} e @returns {boolean} whether it was one of these */
    event(e) {
      people.heard(e.call?.caller?.user ?? e.message?.from ?? e.conv?.with?.user);
      if (e.type === 'me') c.dispatch({ type: 'account/me', user: e.user });
      else if (e.type === 'badges') c.dispatch({ type: 'account/badges', badges: e });
      else if (e.type === 'missed') c.dispatch({ type: 'account/missed', missed: e.missed });
      else if (e.type === 'presence' || e.type === 'person_changed') people.event(e);
      else if (e.type === 'ring' || e.type === 'call') calls.event(e);
      else if (CONV_EVENTS.has(e.type)) convs.event(e);
      else return false;
      return true;
    },
    /** Something would be lost with the page. */
    busy: () => uploads.busy(),
    /** Within a click or a key. */
    gesture() {
      ringer.unlock();
      people.stir();
    },
    actions: peopleActions(c, parts),
  };
}

/** @typedef {{account: Account, people: People, calls: Calls, convs: Convs, live: Live, stay: Stay,
 *   own: OwnData, recordings: Recordings, passkeys: Passkeys, confirm: ConfirmSelf, push: Push}} Parts */

/** @param {Context} c @param {Parts} parts */
function peopleActions(c, parts) {
  const { account, people, calls, convs, live, stay, own, recordings, passkeys, confirm, push } = parts;
  return {
    home(/** @type {import('../domain/types.js').HomeScreen} */ tab) {
      const { screen, convs: { chosen } } = c.state();
      if (tab === 'messages') convs.open(screen === tab ? null : chosen); // once more: back to the list
      c.dispatch({ type: 'screen/home', tab });
    },
    /** What a notification was about. A call that rings is in view everywhere.
     * @param {{type?: unknown, id?: unknown}} about */
    openNotified({ type, id }) {
      if (!c.state().account.user) return;
      if (type === 'missed') c.dispatch({ type: 'screen/home', tab: 'calls' });
      if (type !== 'message' || typeof id !== 'string') return;
      c.dispatch({ type: 'screen/home', tab: 'messages' });
      convs.open(id);
    },
    convs: convActions(convs), stay: stayActions(stay), recordings: recordingActions(recordings),
    live: {
      watch: live.watch.bind(live), findRooms: live.findRooms.bind(live),
      signInFirst: live.signInFirst.bind(live),
    },
    /** Into a room that stays, once it is known who one is. @param {string} link */
    openRoomLink(link) {
      if (c.state().account.user) return void stay.join({ link });
      account.nextIfKnown = () => stay.join({ link });
      live.link = link; // guests come in, too
    },
    account: {
      show: account.show.bind(account), signIn: account.signIn.bind(account),
      signOut: () => { account.signOut(); },
      register: account.register.bind(account), recover: account.recover.bind(account),
      reset: account.reset.bind(account), openInvitation: account.openInvitation.bind(account),
      set: account.set.bind(account), setMode: account.setMode.bind(account),
      setAvatar: account.setAvatar.bind(account),
      changePassword: account.changePassword.bind(account), newCodes: account.newCodes.bind(account),
      codesKept: account.codesKept.bind(account), remove: account.remove.bind(account),
      loadSessions: account.loadSessions.bind(account), endSessions: account.endSessions.bind(account),
      loadInvites: account.loadInvites.bind(account), invite: account.invite.bind(account),
      endInvite: account.endInvite.bind(account),
      forget: (/** @type {string} */ what) => c.dispatch({ type: 'account/forget', what }),
      whyNoPasskeys: () => passkeys.why(),
      passkeySignIn: async () => {
        const answer = await passkeys.signIn();
        if (answer) account.signedIn(answer.user);
      },
      loadPasskeys: passkeys.load.bind(passkeys), addPasskey: passkeys.add.bind(passkeys),
      renamePasskey: passkeys.rename.bind(passkeys), removePasskey: passkeys.remove.bind(passkeys),
      confirmByPassword: confirm.byPassword.bind(confirm), confirmByPasskey: confirm.byPasskey.bind(confirm),
      confirmCancel: confirm.cancel.bind(confirm),
      loadTokens: own.loadTokens.bind(own), makeToken: own.makeToken.bind(own),
      tokenKept: own.tokenKept.bind(own), endToken: own.endToken.bind(own),
      exportAll: own.exportAll.bind(own),
      lookAtPush: () => { push.look(); }, turnPush: push.turn.bind(push),
    },
    people: {
      show: people.show.bind(people), search: people.search.bind(people), more: people.more.bind(people),
      choose: people.choose.bind(people), closeLink: people.closeLink.bind(people),
      openLink(/** @type {string} */ name) {
        if (c.state().account.user) return people.openLink(name);
        account.next = () => people.openLink(name);
        c.dispatch({ type: 'people/link', link: { name, error: null } });
        if (c.state().screen !== 'people') c.dispatch({ type: 'screen/sign', mode: 'sign_in' });
        return undefined;
      },
      favourite: (/** @type {string} */ user, /** @type {boolean} */ on) => people.mark('favourite', user, on),
      block: (/** @type {string} */ user, /** @type {boolean} */ on) => people.mark('block', user, on),
      link: (/** @type {string} */ name) => `${c.env.server}/u/${encodeURIComponent(name)}`,
    },
    calls: {
      start: calls.start.bind(calls), cancel: calls.cancel.bind(calls), accept: calls.accept.bind(calls),
      decline: calls.decline.bind(calls), end: calls.end.bind(calls), hold: calls.hold.bind(calls),
      back: calls.back.bind(calls),
      take: calls.take.bind(calls), invite: calls.invite.bind(calls), rate: calls.rate.bind(calls),
      afterDone: calls.afterDone.bind(calls), elsewhereSeen: calls.elsewhereSeen.bind(calls),
      load: calls.load.bind(calls), seen: calls.seen.bind(calls),
      notifyHere: async () => { await c.env.notification?.requestPermission(); },
    },
  };
}

/** @typedef {ReturnType<typeof peopleActions>} PeopleActions */
