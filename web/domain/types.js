// The shape of the app's state. The reducers beside this file make it; web/views draws it; nobody else
// changes it. MediaStreams are not in it: they lie in `app.streams`, and the state holds their ids.

/** @typedef {import('../net/protocol.js').Room} Room */
/** @typedef {import('../net/protocol.js').Participant} Participant */
/** @typedef {import('../net/protocol.js').RoomId} RoomId */
/** @typedef {import('../net/protocol.js').SessionId} SessionId */

/**
 * The connection to the server.
 *  idle        not yet asked for
 *  connecting  the first connection, or the next attempt, is under way
 *  online
 *  waiting     lost; tried again at `retryAt` (Date.now() time), or at once by actions.retryNow()
 *  ended       over: `error` is `replaced`, `replaced_pipe` (this session goes on in another tab), or
 *   `closed`
 *  version     the server speaks another version of the protocol: reload the page
 * @typedef {object} NetState
 * @property {'idle'|'connecting'|'online'|'waiting'|'ended'|'version'} phase
 * @property {'ws'|'sse'|'poll'|null} pipe  what carries it now
 * @property {number|null} retryAt
 * @property {number} attempt  how often it has been tried since it was last online
 * @property {boolean} everOnline  false: nothing of the server was ever heard
 * @property {string|null} error  code of the last failure: `busy`, `rate`, `lost`, `closing` ...
 */

/**
 * Oneself.
 * @typedef {object} SelfState
 * @property {SessionId|null} session
 * @property {SessionId[]} former  earlier sessions of this page and of the one it was reloaded from
 * @property {string} name  what the server made of it; before that, what was remembered (may be '')
 * @property {string} tag   shown after the name when two people in view have the same one
 * @property {string} server  e.g. "madang/0.1.0"
 * @property {boolean} relays  the server has relays
 * @property {boolean} groups  media may go over the server
 * @property {boolean} recordings  rooms may be recorded
 * @property {{name: number, chat: number, title: number, rooms: number, mesh: number, group: number}} limits
 */

/**
 * The live list.
 * @typedef {object} LobbyState
 * @property {boolean} loaded
 * @property {Record<RoomId, Room>} rooms
 * @property {import('./convs.js').PublicRoom[]} [stays]  public rooms that stay, with and without people
 * @property {number} total   rooms, also unlisted ones
 * @property {number} people
 */

/**
 * One line in a room's chat.
 *  chat, whisper: a person's words. A whisper of oneself has `to`.
 *  notice: something happened; `code` is entered, left, gone, removed, renamed, room_renamed, room_locked,
 *          room_unlocked, room_password, owner, merged, rejoined, media_full, or one that the server sent
 * @typedef {object} ChatItem
 * @property {string} id  unique in the room; stable (a key for lists)
 * @property {'chat'|'whisper'|'notice'} kind
 * @property {number} time
 * @property {SessionId|null} from
 * @property {string} name
 * @property {string} text
 * @property {boolean} own
 * @property {SessionId} [to]
 * @property {string} [toName]
 * @property {string} [code]
 * @property {number} [count]  people in the room after entered and left
 * @property {'sending'|'sent'|'failed'} [status]  of one's own
 * @property {string} [error]  why it failed (rate, too_long, not_in_room ...)
 * @property {number} [seq]
 */

/**
 * A participant as shown. `suffix` is '' or the tag that tells two people of one name apart.
 * @typedef {Participant & {suffix: string, self: boolean, ghost: boolean, joinedAt: number, hand: number,
 *   muted: ('mic'|'camera'|'screen')[], program: boolean}} Person
 *   `ghost`: not in the server's list just now (server restarted), but still connected directly
 *   `hand`: when it was raised; 0: it is not
 */

/**
 * A room one is in.
 * @typedef {object} RoomState
 * @property {RoomId} id
 * @property {Room} room
 * @property {SessionId} self  one's own id in it
 * @property {boolean} owner   whether oneself is the owner
 * @property {Record<SessionId, Person>} people
 * @property {SessionId[]} order  in order of arrival, oneself first
 * @property {ChatItem[]} chat    at most 500
 * @property {number} unread     chat and whispers since the chat was last seen (actions.chatSeen)
 * @property {Record<SessionId, number>} typing  session -> when to forget it
 * @property {string|null} ticket
 * @property {{username: string, credential: string}|null} relay  of one's own relays for this room
 * @property {boolean} media      whether one publishes here (a place of the mesh)
 * @property {boolean} mediaFull  media was asked for, and the places were taken
 * @property {boolean} mediaFree  one of them came free since then
 * @property {boolean} stale      the connection is lost: what is shown may be old
 * @property {'direct'|'group'} mode  whether media goes from each to each, or over the server
 * @property {import('./group.js').Tracks} tracks  what is published over the server, by id
 * @property {SessionId|null} speaker  who speaks, as the server hears it
 * @property {import('./order.js').Knock[]} knocks  who waits outside; told to those who moderate
 * @property {import('./order.js').Asked|null} asked  what somebody who moderates wants of one
 * @property {SessionId|null} large  who is shown large where one is: whoever has spoken for a while
 */

/**
 * The way to one other person.
 *  new, connecting, connected, disconnected (a moment without packets), failed (restarting ICE), closed
 * @typedef {object} PeerState
 * @property {SessionId} session
 * @property {'new'|'connecting'|'connected'|'disconnected'|'failed'|'closed'} phase
 * @property {boolean} met      it has been connected before
 * @property {boolean} blocked  both are online, and there is no way for some time now
 * @property {string|null} audio   id in app.streams: their microphone: play it
 * @property {string|null} sound   id in app.streams: what is heard of their screen: play it
 * @property {string|null} camera  id in app.streams
 * @property {string|null} screen  id in app.streams
 * @property {boolean} speaking
 * @property {PeerStats|null} stats
 * @property {PeerWay|null} told  what the server knows of their way to it (in groups, while one asks)
 */

/** Bits per second, losses 0 to 1. @typedef {{up_bps: number, down_bps: number, loss_up: number,
 *   loss_down: number, rtt_ms: number, estimate_bps: number}} PeerWay */
/** How much of the others is received: audio: no pictures. @typedef {'auto'|'save'|'audio'} Quality */

/** @typedef {{rttMs: number|null, lossPercent: number, kbpsIn: number, kbpsOut: number, path: string,
 *   quality: 0|1|2|3,
 *             framesDecoded: number, width: number, height: number}} PeerStats
 *  path: `host`, `srflx`, `prflx` or `relay` (own side) */

/**
 * What the person wants. Stored; set only by the person; never changed by what devices or networks do.
 * @typedef {object} Intent
 * @property {boolean} mic   true: wants to be heard
 * @property {boolean} cam   true: wants to be seen
 * @property {boolean} listenOnly  no devices at all
 * @property {boolean} relayOnly   new connections go over the server, which hides one's address
 * @property {string} micId      '' is the system's choice
 * @property {string} camId
 * @property {string} speakerId
 * @property {string} micLabel   to find the device again when ids have changed
 * @property {string} camLabel
 * @property {string} speakerLabel
 * @property {'user'|'environment'} facing
 * @property {Quality} quality   of what is received in groups
 * @property {string} name       nickname
 */

/** @typedef {{id: string, label: string}} Device  label is '' before permission */

/**
 * What came of it for one of microphone, camera, screen.
 *  off       not wanted
 *  starting  being opened (the browser may be asking the person)
 *  live
 *  paused    taken away for a while by the system (a phone call on iOS)
 *  error     see `error`: permission_denied, no_device, device_in_use, insecure_context, unsupported,
 *   unplugged,
 *            failed. It is tried again by itself when a device appears, or by actions.retryDevice(kind)
 * @typedef {object} CaptureState
 * @property {'off'|'starting'|'live'|'paused'|'error'} phase
 * @property {string|null} error
 * @property {string} deviceId  in use now
 * @property {string} label
 * @property {string|null} stream  id in app.streams (`local:mic`, `local:camera`, `local:screen`)
 * @property {boolean} muted  (mic) live, but not sent
 */

/**
 * @typedef {object} MediaState
 * @property {CaptureState} mic
 * @property {CaptureState} camera
 * @property {CaptureState} screen
 * @property {Device[]} mics
 * @property {Device[]} cameras
 * @property {Device[]} speakers
 * @property {boolean} canPickSpeaker
 * @property {boolean} canShareScreen
 * @property {boolean} canFlip       two cameras of a phone
 * @property {boolean} playbackBlocked  the browser plays sound only after a tap: actions.resumePlayback()
 * @property {boolean} speaking      one's own microphone
 * @property {boolean} mutedSpeaking  talking while muted (a hint for the person)
 * @property {PeerWay|null} way  what the server knows of one's own way to it
 */

/**
 * A file, in either direction.
 *  offered    waiting for the other side (own), or for oneself (theirs)
 *  connecting, sending/receiving, checking
 *  done       `url` is set when it was received into memory (a download link); null when it went to disk
 *  declined, cancelled, failed (`error`: too_large, hash_mismatch, connection, disk, peer_gone, unsupported)
 * @typedef {object} FileState
 * @property {string} id  the connection's name
 * @property {boolean} own
 * @property {RoomId} room
 * @property {SessionId} peer
 * @property {string} peerName
 * @property {string} name
 * @property {number} size
 * @property {string} mime
 * @property {'offered'|'connecting'|'moving'|'checking'|'done'|'declined'|'cancelled'|'failed'} phase
 * @property {number} moved  bytes
 * @property {number} rate   bytes per second
 * @property {string|null} error
 * @property {string|null} url
 * @property {string|null} sha256
 * @property {number} time
 */

/**
 * Before joining.
 * @typedef {object} PrejoinState
 * @property {RoomId|null} room  null: a room is to be created
 * @property {{title?: string, public?: boolean, password?: string, capacity?: number}|null} create
 * @property {boolean} busy   being joined
 * @property {string|null} error  code: room_unknown, room_full, room_locked, password_required,
 *   password_wrong,
 *                          removed, rooms_cap, busy, rate, bad_title, room_limit, lost ...
 * @property {number|null} retryAt  with rate and busy (Date.now() time)
 * @property {string} [link]  of a room that stays
 * @property {import('./convs.js').PublicRoom & {inside: boolean}} [look]  the room that stays behind it;
 *   inside: one is a member
 * @property {boolean} [waiting]  whoever moderates has been told that one waits outside
 * @property {boolean} [recorded]  it is being recorded: who comes in agrees to that
 * @property {boolean} otherTab  in the room already in another tab: actions.answerOtherTab()
 */

/**
 * A message for the person, shown for a while.
 * @typedef {object} Toast
 * @property {number} id
 * @property {'info'|'warn'|'error'} level
 * @property {string} code   i18n key `toast.CODE`
 * @property {Record<string, string|number>} params
 */

/**
 * What the browser lacks, asked once at the start: insecure_context, no_webrtc, no_devices_api.
 * @typedef {object} Support
 * @property {boolean} secure
 * @property {boolean} webrtc
 * @property {boolean} devices
 */

/**
 * What people with accounts have: where one is when one is in no room.
 * @typedef {'lobby'|'people'|'calls'|'messages'|'me'} HomeScreen
 * @typedef {'sign_in'|'register'|'recover'|'reset'} SignMode
 */

/**
 * @typedef {object} State
 * @property {HomeScreen|'sign'|'prejoin'|'room'|'over'} screen  over: the session ended, or one was removed
 *   (see `over`)
 * @property {HomeScreen} home  where one goes back to from a room
 * @property {SignMode} sign  which form of the screen `sign`
 * @property {{code: string}|null} over  `removed`, `replaced`, `version`, `switched` (goes on in another tab)
 * @property {Support} support
 * @property {NetState} net
 * @property {SelfState} self
 * @property {LobbyState} lobby
 * @property {PrejoinState|null} prejoin
 * @property {Record<RoomId, RoomState>} rooms  that one is in
 * @property {RoomId|null} current  the one in view
 * @property {Record<SessionId, PeerState>} peers
 * @property {Intent} intent
 * @property {MediaState} media
 * @property {Record<string, FileState>} files
 * @property {Toast[]} toasts
 * @property {import('./account.js').AccountState} account
 * @property {import('./people.js').PeopleState} people
 * @property {import('./calls.js').CallsState} calls
 * @property {import('./convs.js').ConvsState} convs
 * @property {import('./stay.js').StayState} stay
 * @property {import('./uploads.js').UploadsState} uploads
 * @property {import('./ring.js').RingState} ring
 */

/** Everything that reducers take. @typedef {{type: string} & Record<string, any>} Action */

export {};
