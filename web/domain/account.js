// One's own account as state: who is signed in, what the server allows, and the forms that are under way.

/** @typedef {import('./types.js').Action} Action */
/** @typedef {'auto'|'dnd'|'invisible'} Mode */
/**
 * @typedef {{last_seen: boolean, read_marks: boolean, early_address: boolean, push: boolean,
 *   strangers: boolean}} Settings
 */
/**
 * @typedef {{user: string, name: string, display: string, role: 'user'|'admin', avatar: number,
 *   created: number, settings: Settings, mode?: Mode, recovery_left: number, passkeys: number}} Me
 */
/**
 * @typedef {{registration: 'open'|'invite'|'closed', guests: boolean, user_invites: boolean,
 *   passkeys: boolean, push_key?: string, name_min: number, name_max: number, password_min: number,
 *   retention_s?: number, upload_max?: number}} Policy
 */
/** @typedef {{missed: number, unread: number, requests: number}} Badges */
/**
 * Something that was asked for: a form, a button. `reason` of a weak password, `field` that is wrong.
 * @typedef {{busy: boolean, error: string | null, reason: string | null, field: string | null,
 *   retryAt: number | null, done: number}} Ask
 */
/** @typedef {{key: string, device: string, address: string, used: number, created: number,
 *   this: boolean}} OwnSession */
/** @typedef {{key: string, uses_left: number, expires: number, kind: string}} OwnInvite */
/** @typedef {{key: string, name: string, created: number, used: number}} OwnPasskey */
/** @typedef {'messages'|'calls'|'directory'} TokenScope */
/** @typedef {{key: string, name: string, created: number, used?: number, expires?: number,
 *   scopes: TokenScope[]}} OwnToken */
/** One's own data as a file, as long as the server keeps it.
 * @typedef {{file: string, size: number, expires: number}} Exported */
/** @typedef {{code: string, kind: 'user'|'admin'|'reset'|null, by: string, name: string}} Invitation */
/**
 * `policy` null: this server knows no accounts, or has not been asked yet (`asked`).
 * `codes` are shown once, and kept nowhere. `made` is the link of the invitation that was just made,
 * `token` the API token: shown once, too. `confirming`: one is asked for the password or a passkey once more.
 * @typedef {{asked: boolean, policy: Policy | null, user: Me | null, mode: Mode, badges: Badges,
 *   asks: Record<string, Ask>, codes: string[] | null, invitation: Invitation | null,
 *   sessions: OwnSession[] | null, invites: OwnInvite[] | null, passkeys: OwnPasskey[] | null,
 *   made: string | null, tokens: OwnToken[] | null, token: string | null, exported: Exported | null,
 *   confirming: boolean, push: PushState,
 *   recordings: import('./recording.js').Recording[] | null}} AccountState
 */
/**
 * Whether calls wake this browser when no tab is open. `off` can be turned on; else the reason why not.
 * @typedef {'unknown'|'off'|'on'|'denied'|'unsupported'|'untrusted'|'no_key'} PushState
 */

/** @type {Badges} */
const NO_BADGES = { missed: 0, unread: 0, requests: 0 };

/** @type {Ask} */
export const ASK = { busy: false, error: null, reason: null, field: null, retryAt: null, done: 0 };

/** @type {AccountState} */
export const ACCOUNT = {
  asked: false, policy: null, user: null, mode: 'auto', badges: NO_BADGES, asks: {}, codes: null,
  invitation: null, sessions: null, invites: null, passkeys: null, made: null,
  tokens: null, token: null, exported: null, recordings: null, confirming: false, push: 'unknown',
};

/** What belongs to the person, and goes with them. @param {AccountState} a @returns {AccountState} */
const signedOut = (a) => ({ ...ACCOUNT, asked: a.asked, policy: a.policy, asks: a.asks, push: a.push });

/** @param {AccountState} a @param {Action} action @returns {Ask} */
function answered(a, { what, error = null, reason = null, field = null, retryAt = null }) {
  const done = (a.asks[what]?.done ?? 0) + (error ? 0 : 1);
  return { busy: false, error, reason, field, retryAt, done };
}

/** @param {AccountState} a @param {Me | null} user @returns {AccountState} */
function withUser(a, user) {
  if (!user) return a.user ? signedOut(a) : a;
  const other = a.user && a.user.user !== user.user;
  return { ...(other ? signedOut(a) : a), user, mode: user.mode ?? a.mode };
}

/** @param {AccountState} a @param {Action} action @returns {AccountState} */
export function accountReducer(a, action) {
  switch (action.type) {
    case 'account/policy':
      return { ...withUser(a, action.user ?? null), asked: true, policy: action.policy ?? a.policy };
    case 'self/hello': // the session says who one is: the truth, whatever was asked before
      return { ...withUser(a, action.ack.user ?? null), badges: action.ack.badges ?? NO_BADGES };
    case 'account/me':
      return withUser(a, action.user);
    case 'account/badges': {
      const { missed, unread, requests } = action.badges;
      return { ...a, badges: { missed: missed ?? 0, unread: unread ?? 0, requests: requests ?? 0 } };
    }
    case 'account/gone': return signedOut(a);
    case 'account/missed': return { ...a, badges: { ...a.badges, missed: action.missed } };
    case 'account/mode': return { ...a, mode: action.mode };
    case 'account/asking': {
      const asked = { ...ASK, busy: true, done: askOf(a, action.what).done };
      return { ...a, asks: { ...a.asks, [action.what]: asked } };
    }
    case 'account/answered':
      return { ...a, asks: { ...a.asks, [action.what]: answered(a, action) } };
    case 'account/forget': {
      const asks = { ...a.asks };
      delete asks[action.what];
      return { ...a, asks };
    }
    case 'account/codes': return { ...a, codes: action.codes };
    case 'account/invitation': return { ...a, invitation: action.invitation };
    case 'account/lists': return { ...a, ...action.lists };
    case 'account/confirming': return { ...a, confirming: action.on };
    case 'account/push': return { ...a, push: action.push };
    default: return a;
  }
}

/** How a form stands. @param {AccountState} a @param {string} what @returns {Ask} */
export const askOf = (a, what) => a.asks[what] ?? ASK;

/** Whether somebody may make an account, and how. @param {AccountState} a */
export const mayRegister = (a) => !!a.policy && (a.policy.registration === 'open'
  || (a.invitation?.kind === 'user' && a.policy.registration === 'invite') || a.invitation?.kind === 'admin');
