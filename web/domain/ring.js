// Calls that are under way, as this device sees them. The server decides what a call is in; what this device
// has to do with it follows from that, and from what it has just asked for.

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./people.js').Who} Who */
/**
 * @typedef {{call: string, state: 'ringing'|'accepted'|'declined'|'cancelled'|'busy'|'expired'|'ended',
 *   caller: Who, callee: Who, video: boolean, group?: boolean, early?: boolean, room?: string,
 *   started: number,
 *   answered?: number, ended?: number, reason?: string, text?: string, caller_device?: string,
 *   callee_device?: string, held?: string[], lost?: string[]}} Call
 */
/**
 *  incoming   it rings here
 *  outgoing   one calls, from this device
 *  here       under way, on this device
 *  elsewhere  under way, or ringing out, on another of one's devices
 *  over
 * @typedef {'incoming'|'outgoing'|'here'|'elsewhere'|'over'} Phase
 */
/** `asked`: the button was pressed and the server has not answered yet.
 * @typedef {Call & {phase: Phase, waiting: boolean, asked: 'accept'|'decline'|'end'|'take'|null,
 *   error: string | null, heldHere: boolean}} Ring */
/**
 * What is shown after a call, until it is put away.
 * @typedef {{call: string, with: Who, outcome: string, text: string, video: boolean,
 *   lasted: number | null, stars: number}} After
 */
/**
 * `dialling`: pressed, and no call of the server yet. `sound`: whether ringing can be heard: browsers want a
 * click first.
 * @typedef {{calls: Record<string, Ring>, after: After | null, answeredElsewhere: string | null,
 *   dialling: {with: Who, video: boolean, error: string | null} | null,
 *   sound: 'unknown'|'ready'|'blocked'}} RingState
 */

/** @type {RingState} */
export const RING = { calls: {}, dialling: null, after: null, answeredElsewhere: null, sound: 'unknown' };

/** @param {Call} call @param {string} me @param {string} session  of this page @returns {Phase} */
export function phaseOf(call, me, session) {
  const mine = call.caller.user === me;
  const device = mine ? call.caller_device : call.callee_device;
  if (call.state === 'ringing' && !mine) return 'incoming';
  if (call.state === 'ringing') return device === session ? 'outgoing' : 'elsewhere';
  if (call.state !== 'accepted') return 'over';
  return device === session ? 'here' : 'elsewhere';
}

/** The other one. @param {Pick<Call, 'caller'|'callee'>} call @param {string} me */
export const otherOf = (call, me) => (call.caller.user === me ? call.callee : call.caller);

/** How a call that is over is told. @param {Call} call @param {string} me */
function outcomeOf(call, me) {
  if (call.answered) return call.reason === 'lost' ? 'lost' : 'ended';
  if (call.state === 'expired') return call.caller.user === me ? 'no_answer' : 'missed';
  if (call.state === 'cancelled') return call.caller.user === me ? 'cancelled' : 'missed';
  return call.state === 'ended' ? 'failed' : call.state;
}

/** How somebody who was asked into the call that one is in has not come; '': it is another matter.
 * @param {RingState} s @param {Call} call @param {string} me */
export function answerOfAsked(s, call, me) {
  const was = s.calls[call.call];
  const beside = was?.phase === 'outgoing' && callOfRoom(s, was.room ?? null);
  const outcome = beside && !['ringing', 'accepted'].includes(call.state) ? outcomeOf(call, me) : '';
  return outcome === 'cancelled' ? '' : outcome;
}

/** @param {RingState} s @param {Call} call @param {string} me @param {number} now @returns {After | null} */
function afterOf(s, call, me, now) {
  const was = s.calls[call.call]?.phase;
  const outcome = outcomeOf(call, me);
  // Who gave up, declined, or talked on another device knows; what was missed is in the history.
  // In a room of several, others go on talking, perhaps oneself as well.
  // The third one's answer is a word beside the call that goes on (answerOfAsked).
  const told = !call.group && !answerOfAsked(s, call, me)
    && (was === 'here' || (was === 'outgoing' && outcome !== 'cancelled'));
  if (!told) return s.after;
  const ms = call.answered ? (call.ended ?? now) - call.answered : null;
  return { call: call.call, with: otherOf(call, me), outcome, text: call.text ?? '', video: call.video, lasted: ms, stars: 0 };
}

/** @param {Record<string, Ring>} calls @param {string} id */
function without(calls, id) {
  const left = { ...calls };
  delete left[id];
  return left;
}

/** @param {RingState} s @param {any} action @returns {RingState} */
function changed(s, { call, me, session, now, waiting = false }) {
  const old = s.calls[call.call];
  const phase = phaseOf(call, me, session);
  if (phase === 'over') {
    if (!old) return s;
    return { ...s, calls: without(s.calls, call.call), after: afterOf(s, call, me, now) };
  }
  const turned = old?.phase !== phase;
  const held = call.held ?? [];
  /** @type {Ring} */
  const ring = { ...call, held, phase, waiting: waiting || !!old?.waiting, asked: turned ? null : old.asked,
    error: turned ? null : old.error, heldHere: held.includes(me) };
  const answeredElsewhere = old?.phase === 'incoming' && phase === 'elsewhere' ? call.call : s.answeredElsewhere;
  const dialling = phase === 'outgoing' ? null : s.dialling;
  return { ...s, calls: { ...s.calls, [call.call]: ring }, answeredElsewhere, dialling };
}

/** @param {RingState} s @param {string} id @param {Partial<Ring>} patch @returns {RingState} */
const patched = (s, id, patch) => (s.calls[id]
  ? { ...s, calls: { ...s.calls, [id]: { ...s.calls[id], ...patch } } } : s);

/** @param {RingState} s @param {Action} action @returns {RingState} */
export function ringReducer(s, action) {
  switch (action.type) {
    case 'ring/dial':
      return { ...s, dialling: { with: action.with, video: action.video, error: null }, after: null };
    case 'ring/undial': return { ...s, dialling: null };
    case 'ring/not_placed': return s.dialling ? { ...s, dialling: { ...s.dialling, error: action.error } } : s;
    case 'ring/call': return changed(s, action);
    case 'ring/asked': return patched(s, action.call, { asked: action.what, error: null });
    case 'ring/refused': return patched(s, action.call, { asked: null, error: action.error });
    case 'ring/drop': return { ...s, calls: without(s.calls, action.call) };
    case 'ring/after': return { ...s, after: s.after ? { ...s.after, ...action.patch } : null };
    case 'ring/after_done': return { ...s, after: null };
    case 'ring/elsewhere_seen': return { ...s, answeredElsewhere: null };
    case 'ring/sound': return { ...s, sound: action.sound };
    case 'account/gone': return { ...RING, sound: s.sound };
    default: return s;
  }
}

/** @param {RingState} s @param {Phase} phase @returns {Ring[]} oldest first */
export const inPhase = (s, phase) => Object.values(s.calls).filter((c) => c.phase === phase)
  .sort((a, b) => a.started - b.started || (a.call < b.call ? -1 : 1));

/** The call that a room is made for. @param {RingState} s @param {string | null} room */
export const callOfRoom = (s, room) => (room
  ? Object.values(s.calls).find((c) => c.room === room && c.phase === 'here') ?? null : null);

/** Those one has asked into the call that one is in, and who have not answered: it goes on beside.
 * @param {RingState} s @param {string | null} room @returns {Ring[]} */
export const askedInto = (s, room) => (callOfRoom(s, room) ? inPhase(s, 'outgoing').filter((c) => c.room === room) : []);

/** The call that one makes and does nothing else meanwhile.
 * @param {RingState} s @returns {Ring | undefined} */
export const outgoing = (s) => inPhase(s, 'outgoing').find((c) => !callOfRoom(s, c.room ?? null));

/** Whether nothing is heard or seen in a room: somebody put the call on hold.
 * @param {RingState} s @param {string | null} room */
export const isHeld = (s, room) => {
  const call = callOfRoom(s, room);
  return !!call && (call.held ?? []).length > 0;
};

/** Whether one is calling somebody: the camera may warm up. @param {RingState} s */
export const calling = (s) => !!s.dialling || inPhase(s, 'outgoing').length > 0;
