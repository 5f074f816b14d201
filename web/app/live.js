// Live rooms of rooms that stay: who is there, what one would come into, a guest's way in by a link, and the
// conversation beside the stage.
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/convs.js').PublicRoom} PublicRoom */

export class Live {
  /** @param {Context} c @param {import('./rooms.js').Rooms} rooms @param {import('./convs.js').Convs} convs
   * @param {{account: import('./account.js').Account, stay: import('./stay.js').Stay}} parts */
  constructor(c, rooms, convs, { account, stay }) {
    this.c = c;
    this.rooms = rooms;
    this.convs = convs;
    this.account = account;
    this.stay = stay;
    this.watching = false;
    /** @type {string | null} of /g/CODE, until it is known who one is */
    this.link = null;
    rooms.look = (room) => { this.look(room); };
    c.bus.on('joined', ({ joined }) => { if (joined.room.stays) this.#entered(joined.room.room); });
  }

  /** A session has begun. @param {boolean} known  somebody is signed in */
  begun(known) {
    const { prejoin } = this.c.state();
    if (known && this.watching) this.#watch(true);
    if (prejoin?.room) this.look(prejoin.room, prejoin.link);
    if (!known && this.link) this.byLink(this.link);
    this.link = null;
  }

  /** The list of conversations is in view. @param {boolean} on */
  watch(on) {
    if (on === this.watching) return;
    this.watching = on;
    if (this.c.sig.token && this.c.state().account.user) this.#watch(on);
  }

  /** @param {boolean} on */
  #watch(on) {
    this.c.sig.request('conv_watch', { on }).catch((e) => this.c.log.info('live', codeOf(e)));
  }

  /** What one says in the room is the conversation's. @param {string} conv */
  #entered(conv) {
    if (this.c.state().account.user) this.convs.follow(conv);
  }

  /** What is behind the door: public rooms that somebody is in are in the lobby's list anyway.
   * @param {string} conv @param {string} [link] */
  async look(conv, link) {
    const { c } = this;
    if (!c.sig.token) return;
    try {
      const { room } = await c.sig.request('room_look', link ? { link } : { conv });
      if (c.state().prejoin?.room === room.conv) this.#looked(room);
    } catch (e) {
      c.log.info('live', `look: ${codeOf(e)}`); // a live-only room
    }
  }

  /** @param {PublicRoom} room */
  #looked(room) {
    const state = this.c.state().convs.list[room.conv]?.state;
    const inside = state === 'open' || state === 'archived';
    this.c.dispatch({ type: 'prejoin/set', patch: { look: { ...room, inside } } });
  }

  /** As somebody with an account, rather than as a guest. */
  signInFirst() {
    const { prejoin } = this.c.state();
    const { room, link } = prejoin ?? {};
    if (!room) return;
    this.account.nextIfKnown = () => {
      if (link) this.stay.join({ link });
      else this.rooms.prepare({ room });
    };
    this.account.show('sign_in');
  }

  /** To the door of a room, as a guest. @param {string} link */
  async byLink(link) {
    const { c } = this;
    try {
      const { room } = await c.sig.request('room_look', { link });
      this.rooms.prepare({ room: room.conv, link });
      this.#looked(room);
    } catch (e) {
      c.dispatch({ type: 'screen/lobby' });
      c.toast('error', codeOf(e));
    }
  }

  /** Rooms that anybody may come into, for the lobby. */
  async findRooms() {
    const { c } = this;
    try {
      const { rooms } = await c.sig.request('rooms_public', { limit: 100 });
      c.dispatch({ type: 'lobby/stays', rooms });
    } catch (e) {
      c.log.info('live', `rooms: ${codeOf(e)}`);
    }
  }
}
