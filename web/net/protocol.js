// The messages of docs/protocol.md as types, and how a message is written and read.

export const VERSION = 1;
export const SUBPROTOCOL = 'madang.v1';
/** What a server chooses that has taken the hello which came with the request to upgrade. */
export const WITH_HELLO = 'madang.v1.hello';
const EARLY_MAX = 1024; // bytes of such a hello

/** Sequenced messages are counted; these never are (nor is an error without id). */
const UNSEQUENCED = new Set(['pong', 'resumed', 'closing']);

/** @typedef {string} RoomId */
/** @typedef {string} SessionId */
/** @typedef {{room: RoomId, title: string, public: boolean, password: boolean, locked: boolean, capacity:
 *   number,
 *             count: number, owner: SessionId | null, stays?: boolean, lobby?: boolean,
 *             publish?: 'moderators', share?: 'moderators', programs?: boolean, recording?: number}} Room */
/** @typedef {{session: SessionId, name: string, user?: string, mic: boolean, cam: boolean, screen: boolean,
 *             media: boolean, away: boolean, hand?: number, muted?: ('mic'|'camera'|'screen')[],
 *             program?: boolean, recorded?: boolean}} Participant */
/** @typedef {{name: number, chat: number, title: number, message: number, rooms_per_session: number,
 *             mesh: number, group?: number}} Limits */
/** @typedef {{room: Room, self: SessionId, participants: Participant[], history: ChatEvent[], ticket: string,
 *             media: boolean, relay?: {username: string, credential: string},
 *             mode?: 'direct'|'group', tracks?: import('../domain/group.js').Track[]}} Joined */

// What the client asks (without type and id)
/** @typedef {{room: RoomId, password?: string, ticket?: string, link?: string, media?: boolean,
 *             mic?: boolean, cam?: boolean, recorded?: boolean}} JoinFields */
/** @typedef {{title?: string, public?: boolean, password?: string, capacity?: number, media?: boolean,
 *   mic?: boolean,
 *             cam?: boolean}} CreateFields */
/** @typedef {{room: RoomId, title?: string, public?: boolean, locked?: boolean, capacity?: number,
 *             password?: string, lobby?: boolean, publish?: 'all'|'moderators', share?: 'all'|'moderators',
 *             programs?: boolean}} RoomSetFields */
/** @typedef {{name?: string, lang?: string, client?: string, join?: JoinFields, replaces?: string}}
 *   HelloFields */
/** @typedef {{room: RoomId, to: SessionId, conn: string, kind: 'offer'|'answer'|'rollback'}} DescFields
 *   body: SDP */
/** @typedef {{room: RoomId, to: SessionId, conn: string}} CandFields  body: sdpfrag */
/** @typedef {{room: RoomId, to: SessionId, conn: string, kind: FileKind, name?: string, size?: number,
 *             mime?: string}} FileFields */
/** @typedef {'offer'|'accept'|'decline'|'cancel'} FileKind */

// What requests are answered with
/** @typedef {{session: SessionId, token: string, name: string, tag: string, resume_s: number, ping_s: number,
 *             stun_port: number, group?: boolean, server: string,
 *             turn?: {udp: number, tcp: number, tls: boolean},
 *             limits: Limits, user?: import('../domain/account.js').Me, joined?: Joined,
 *             badges?: import('../domain/account.js').Badges,
 *             join_error?: {code: string, retry_ms?: number}}} HelloAck */
/** @typedef {{rooms: Room[], total: number, people: number}} WatchAck */
/** @typedef {{seq: number, time: number}} ChatAck */

/** What people with accounts ask: docs/protocol-people.md says the fields.
 * @typedef {'account_set'|'account_password'|'account_recovery'|'account_delete'|'account_sessions'
 *   |'account_end'|'confirm'|'passkey_confirm'|'avatar'|'upload'|'upload_end'|'attach'
 *   |'invite_make'|'invites'|'invite_end'|'passkeys'|'passkey_begin'|'passkey_add'
 *   |'passkey_name'|'passkey_remove'|'push_add'|'push_remove'|'people'|'person'|'people_watch'|'favourite'
 *   |'block'|'presence'|'call'|'call_answer'|'call_decline'|'call_cancel'|'call_end'|'call_hold'|'call_video'
 *   |'call_take'|'call_back'|'call_invite'|'call_quality'|'calls'|'calls_seen'
 *   |'convs'|'conv_open'|'conv_get'|'send'|'edit'|'delete'|'react'|'history'|'read'|'draft'|'conv_answer'
 *   |'search'|'room_make'|'room_password'
 *   |'room_edit'|'room_archive'|'room_picture'|'members'|'member_set'|'room_invite'
 *   |'room_links'|'room_link_end'|'room_join'|'room_leave'|'rooms_public'|'export'|'tokens'|'token_make'
 *   |'token_end'|'room_look'|'room_password'|'conv_watch'|'record_start'|'record_stop'|'record_agree'
 *   |'recordings'|'recording_remove'} PeopleRequest */
/** @typedef {RoomRequests & Record<PeopleRequest, [Record<string, any>, any]>} Requests
 *   type -> [fields, ack] */
/** @typedef {{
 *   create: [CreateFields, Joined], join: [JoinFields, Joined], leave: [{room: RoomId}, {}],
 *   watch: [{on: boolean}, Partial<WatchAck>], room_set: [RoomSetFields, Room],
 *   room_remove: [{room: RoomId, session: SessionId}, {}], room_merge: [{room: RoomId, into: RoomId}, {}],
 *   ticket: [{room: RoomId}, {ticket: string}], media: [{room: RoomId, on: boolean}, {media: boolean}],
 *   room_mute: [{room: RoomId, session: SessionId, kind: 'mic'|'camera'|'screen'|'hand', hard?: boolean,
 *     on?: boolean}, {}],
 *   knock: [{room: RoomId, on?: boolean}, {}],
 *   room_admit: [{room: RoomId, session: SessionId, on: boolean}, {}],
 *   media_token: [{room: RoomId, publish?: boolean, view?: boolean, ttl_s?: number}, {token: string}],
 *   state: [{mic?: boolean, cam?: boolean, screen?: boolean, hand?: boolean}, {}],
 *   name: [{name: string}, {name: string}],
 *   chat: [{room: RoomId, text: string}, ChatAck], whisper: [{room: RoomId, to: SessionId, text: string},
 *   {time: number}],
 *   desc: [DescFields, {}], cand: [CandFields, {}], file: [FileFields, {}],
 *   group_offer: [Record<string, any>, {tracks: {mid: string, track: string}[]}],
 *   group_wish: [Record<string, any>, {}], group_close: [Record<string, any>, {}],
 *   group_stats: [{room: RoomId}, {people: ({session: SessionId} & import('../domain/types.js').PeerWay)[]}],
 * }} RoomRequests */

// Events
/** @typedef {{type: 'entered', room: RoomId, participant: Participant, count: number, replaces?:
 *   SessionId}} EnteredEvent */
/** @typedef {{type: 'left', room: RoomId, session: SessionId, reason: LeftReason, count: number}} LeftEvent
 *   */
/** @typedef {'left'|'gone'|'removed'|'replaced'|'merged'|'ended'} LeftReason */
/** @typedef {{type: 'participant', room: RoomId, participant: Participant}} ParticipantEvent */
/** @typedef {{type: 'room_changed', room: Room, by: SessionId | null}} RoomChangedEvent */
/** @typedef {{type: 'merged', from: RoomId, joined: Joined}} MergedEvent */
/** @typedef {{type: 'rooms', changed: Room[], gone: RoomId[], total: number, people: number}} RoomsEvent */
/** @typedef {{type?: 'chat', room: RoomId, from: SessionId, name: string, text: string, seq: number, time:
 *   number}} ChatEvent */
/** @typedef {{type: 'whisper', room: RoomId, from: SessionId, name: string, text: string, time: number}}
 *   WhisperEvent */
/** @typedef {{type: 'typing', room: RoomId, from: SessionId, on: boolean}} TypingEvent */
/** @typedef {{type: 'notice', code: string, text?: string, room?: RoomId}} NoticeEvent */
/** @typedef {{type: 'desc', room: RoomId, from: SessionId, conn: string, kind:
 *   'offer'|'answer'|'rollback'}} DescEvent */
/** @typedef {{type: 'cand', room: RoomId, from: SessionId, conn: string}} CandEvent */
/** @typedef {{type: 'file', room: RoomId, from: SessionId, conn: string, kind: FileKind, name?: string,
 *   size?: number,
 *             mime?: string}} FileEvent */
/** @typedef {{type: 'ended', reason: string}} EndedEvent */
/** @typedef {EnteredEvent|LeftEvent|ParticipantEvent|RoomChangedEvent|MergedEvent|RoomsEvent|(ChatEvent &
 *   {type: 'chat'})|
 *            WhisperEvent|TypingEvent|NoticeEvent|DescEvent|CandEvent|FileEvent|EndedEvent} ServerEvent */

/** A message as read from a pipe. @typedef {{head: Record<string, any> & {type: string}, body: string}}
 *   Message */

/**
 * @param {Record<string, any>} head
 * @param {string} [body]
 * @returns {string}
 */
export function encode(head, body) {
  return body === undefined ? JSON.stringify(head) : `${JSON.stringify(head)}\n${body}`;
}

/**
 * @param {string} text
 * @returns {Message | null} null: not a message
 */
export function decode(text) {
  const cut = text.indexOf('\n');
  try {
    const head = JSON.parse(cut < 0 ? text : text.slice(0, cut));
    if (typeof head !== 'object' || head === null || typeof head.type !== 'string') return null;
    return { head, body: cut < 0 ? '' : text.slice(cut + 1) };
  } catch {
    return null;
  }
}

/**
 * Subprotocols that say hello together with the request to upgrade (docs/protocol.md section 7): one round
 * trip less until one is in.
 * @param {string} hello  the message
 * @returns {string[] | null} null: it is too long, or holds what is secret and belongs into no header
 */
export function earlyHello(hello) {
  const { replaces, join } = JSON.parse(hello);
  const bytes = new TextEncoder().encode(hello);
  if (replaces || join?.password || join?.ticket || bytes.length > EARLY_MAX) return null;
  const text = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [WITH_HELLO, SUBPROTOCOL, `hello.${text}`];
}

/**
 * Whether the server has counted this message.
 * @param {Record<string, any>} head
 */
export function isSequenced(head) {
  if (head.type === 'error') return Number.isInteger(head.id);
  return !UNSEQUENCED.has(head.type);
}

/** What a request is refused with: `code` is one of docs/protocol.md section 8, or `session_lost`,
 *   `closed`. */
export class SignalError extends Error {
  /** @param {string} code @param {string} [message] @param {number} [retryMs]
   *  @param {{reason?: string, field?: string}} [more]  of a weak password, or what is wrong */
  constructor(code, message, retryMs, { reason, field } = {}) {
    super(message ?? code);
    this.name = 'SignalError';
    this.code = code;
    this.retryMs = retryMs;
    this.reason = reason ?? null;
    this.field = field ?? null;
  }
}
