// Both languages say everything: the same keys, the same placeholders, each key used by a view, each
// key that a view asks for present, and every error of the protocol with a sentence and a remedy.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import en from '../../web/i18n/en.js';
import { hasText, pickLang, translator } from '../../web/i18n/index.js';
import ko from '../../web/i18n/ko.js';
import { SYSTEMS } from '../../web/views/certificate.js';
import { NAV_KEYS } from '../../web/views/people/nav.js';
import { FILTER_KEYS } from '../../web/views/people/directory.js';
import { KINDS as ROOM_KINDS } from '../../web/views/people/conv-room-kind.js';
import { ASKED, ROLES, deedsFor } from '../../web/views/people/conv-room-members.js';
import { SCOPES } from '../../web/views/people/own-data.js';
import { KINDS } from '../../web/views/people/history.js';
import { MARKS } from '../../web/views/people/said.js';
import { MODES } from '../../web/views/people/own-menu.js';
import { PUSH_WHY, SETTINGS } from '../../web/views/people/privacy.js';
import { OUTCOMES, REPLIES } from '../../web/views/people/ring.js';
import { BAD_NAME, WEAK } from '../../web/views/people/form.js';
import { WHY } from '../../web/views/people/sign.js';
import { FILE_ERRORS } from '../../web/views/file-card.js';
import { BROWSERS } from '../../web/views/permission.js';
import { REMEDIES } from '../../web/views/problem.js';
import { KINDS as BARS } from '../../web/app/order.js';
import { RIGHTS } from '../../web/views/order/programs.js';
import { WORDS } from '../../web/domain/link_words.js';
import { QUALITIES } from '../../web/views/control-bar.js';
import { KEYS } from '../../web/views/shortcuts.js';
import { WHYS } from '../../web/domain/recording.js';
import { REFUSALS } from '../../web/domain/uploads.js';
import { KINDS as TRACKS, STATES } from '../../web/views/people/recordings.js';
import { REASONS } from '../../web/views/people/unsent.js';

const views = new URL('../../web/views/', import.meta.url);
/** @param {URL} dir @returns {URL[]} */
const walk = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory()
  ? walk(new URL(`${e.name}/`, dir)) : e.name.endsWith('.js') ? [new URL(e.name, dir)] : []));
const sources = [...walk(views), new URL('../../web/watch.js', import.meta.url)].map((url) => ({ file: url.pathname.split('/web/')[1], text: readFileSync(url, 'utf8') }));
const all = sources.map((s) => s.text).join('\n');

/** @param {string} text @returns {string[]} the names in braces, once each */
const placeholders = (text) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((m) => m[1]))].sort();

const somebody = (/** @type {object} */ more) => /** @type {any} */ ({ user: 'u', role: 'member', ...more });
/** What an owner may do with whoever. */
const DEEDS = [{}, { role: 'moderator' }, { banned: true }, { invited: true }]
  .flatMap((m) => deedsFor(/** @type {any} */ ({ role: 'owner' }), somebody(m), 'me'));

/** What is said of one's own connection. */
const OWN_WORDS = ['good', 'unknown', 'sends_badly', 'receives_badly', 'far', 'narrow'];

/** Families of keys whose last part comes from a list in the program.
 *  @type {Record<string, readonly string[]>} */
const FAMILIES = {
  'error.': Object.keys(REMEDIES),
  'do.': [...new Set(Object.values(REMEDIES)), 'retry_in'],
  'keys.': KEYS.map(([, what]) => what),
  'quality.': QUALITIES,
  'link.': [...WORDS, ...OWN_WORDS.map((w) => `own_${w}`), 'title', 'group', 'direct', 'nobody', 'rtt', 'loss', 'lost', 'rates', 'picture'],
  'permission.': [...BROWSERS, 'title', 'system', 'then'],
  'file.error.': FILE_ERRORS,
  'cert.': [...SYSTEMS, ...SYSTEMS.flatMap((s) => [1, 2, 3].map((n) => `${s}.${n}`)), 'title', 'why', 'safe', 'get', 'system'],
  'device.default_': ['mic', 'camera', 'speaker'],
  'over.': ['removed', 'version', 'elsewhere'],
  'notice.': [...(/const CODES = \[([^\]]+)\]/.exec(all)?.[1].match(/\w+/g) ?? []), 'count', 'other'],
  'nav.': [...NAV_KEYS, 'calls_new', 'messages_new'],
  'people.filter_': FILTER_KEYS,
  'people.none_': [...FILTER_KEYS, 'found', 'more'],
  'history.': [...KINDS, 'video', 'voice', 'none', 'none_more', 'failed', 'choose'],
  'mark.': MARKS,
  'conv.role_': ROLES,
  'stay.do_': [...new Set(DEEDS)],
  'stay.ask_': [...ASKED, 'person', 'end_link'],
  'stay.kind_': ROOM_KINDS.flatMap((k) => [k, `${k}_more`]),
  'stay.address_': ['public', 'unlisted'],
  'token.scope_': SCOPES.flatMap((s) => [s, `${s}_more`]),
  'mode.': [...MODES, 'label'],
  'presence.': ['online', 'away', 'call', 'dnd', 'offline', 'blocked', 'last_seen'],
  'privacy.': [...SETTINGS, ...SETTINGS.map((s) => `${s}_more`), 'title'],
  'notify.why.': PUSH_WHY,
  'notify.': ['default', 'granted', 'denied'],
  'passkey.why.': WHY,
  'outcome.': OUTCOMES,
  'reply.': [...REPLIES, 'own', 'send', 'back'],
  'weak.': WEAK,
  'refused.': REFUSALS,
  'unsent.': [...REASONS, 'text_only'],
  'bad_name.': BAD_NAME,
  'recordings.state_': STATES,
  'recordings.kind_': TRACKS,
  'delete.': ['account', 'messages', 'calls'],
  'order.': BARS.flatMap((k) => [`mute_${k}`, `let_${k}`]),
  'asked.': BARS.flatMap((k) => [`soft_${k}`, `hard_${k}`, `do_${k}`]),
  'programs.': [...RIGHTS, 'token', 'whip', 'whep', 'watch'],
  'toast.': [...BARS.flatMap((k) => [`barred_muted_${k}`, `barred_few_${k}`, `may_${k}`]), 'hand_lowered', 'all_asked', 'asked_declined', 'asked_busy', 'asked_no_answer', 'asked_failed', 'codes_left', 'signed_out', 'removed', 'notice', 'file_offer', 'mic_fallback', 'camera_fallback', 'speaker_fallback', 'look', 'failed',
    ...WHYS.filter((why) => why !== 'stopped').map((why) => `recording_${why}`)],
};

test('the two languages have the same keys', () => {
  assert.deepEqual(Object.keys(ko).sort(), Object.keys(en).sort());
});

test('no key is there twice', () => {
  for (const lang of ['ko', 'en']) {
    const text = [lang, `people.${lang}`, `messages.${lang}`, `stay.${lang}`, `record.${lang}`].map((file) => readFileSync(new URL(`../../web/i18n/${file}.js`, import.meta.url), 'utf8')).join('\n');
    const keys = [...text.matchAll(/^ {2}'([^']+)':/gm)].map((m) => m[1]);
    assert.equal(new Set(keys).size, keys.length, `${lang}: ${keys.filter((k, i) => keys.indexOf(k) !== i)}`);
  }
});

test('the same placeholders in both', () => {
  for (const key of Object.keys(en)) assert.deepEqual(placeholders(ko[key]), placeholders(en[key]), key);
});

test('Korean is Korean, English has no Hangul, nothing is empty', () => {
  // Names, and the switch that has to be readable by those who don't read the language.
  const same = new Set(['lang.other', 'app.title', 'chat.spoken', 'people.search_hint']);
  for (const key of Object.keys(en)) {
    assert.ok(en[key].trim() && ko[key].trim(), key);
    if (same.has(key)) continue;
    assert.match(ko[key], /[가-힣]/, `ko ${key}: ${ko[key]}`);
    assert.doesNotMatch(en[key], /[가-힣]/, `en ${key}: ${en[key]}`);
  }
});

test('every key that a view asks for is there', () => {
  for (const { file, text } of sources) {
    for (const m of text.matchAll(/\bt\('([^']+)'/g)) assert.ok(m[1] in en, `${file}: ${m[1]}`);
  }
  for (const [prefix, parts] of Object.entries(FAMILIES)) {
    for (const part of parts) assert.ok(`${prefix}${part}` in en, prefix + part);
  }
});

test('every key is used', () => {
  const literal = new Set([...all.matchAll(/['`]([a-z_]+(?:\.[\w-]+)*)['`]/g)].map((m) => m[1]));
  const family = new Set(Object.entries(FAMILIES).flatMap(([prefix, parts]) => parts.map((p) => prefix + p)));
  // t(`mic.${on ? 'off' : 'on'}`) and the like.
  const made = new Set(['mic', 'cam'].flatMap((k) => ['name', 'on', 'off'].map((w) => `${k}.${w}`))
    .concat(['mic', 'camera', 'speaker', 'screen'].map((k) => `device.${k}`), ['chat.title', 'people.title'],
      ['connecting', 'checking', 'declined', 'cancelled'].map((k) => `file.${k}`)));
  const unused = Object.keys(en).filter((k) => !literal.has(k) && !family.has(k) && !made.has(k));
  assert.deepEqual(unused, []);
});

test('every error code of the protocol and of the devices has a sentence and one thing to press', () => {
  const doc = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
  const section = doc.slice(doc.indexOf('## 8. Error codes'), doc.indexOf('## 9.'));
  const codes = section.split('\n').filter((l) => l.startsWith('| `'))
    .flatMap((l) => [...l.split('|')[1].matchAll(/`(\w+)`/g)].map((m) => m[1]));
  assert.ok(codes.length > 20, `only ${codes.length} codes found`);
  const types = readFileSync(new URL('../../web/domain/types.js', import.meta.url), 'utf8');
  /** @type {string[]} */
  const device = /error {5}see `error`: ([\w, \n*]+)/.exec(types)?.[1].match(/\w+/g) ?? [];
  assert.ok(device.includes('permission_denied') && device.includes('unplugged'), String(device));
  for (const code of [...codes, ...device.slice(0, device.indexOf('failed') + 1)]) {
    assert.ok(code in REMEDIES, `${code} has no remedy`);
    assert.ok(hasText('ko', `error.${code}`), `${code} has no sentence`);
    assert.ok(hasText('ko', `do.${REMEDIES[code]}`), `${code}: no words for ${REMEDIES[code]}`);
  }
});

test('the language of the browser, or the one that was chosen', () => {
  assert.equal(pickLang(['ko-KR', 'en-US']), 'ko');
  assert.equal(pickLang(['fr-FR', 'ko']), 'ko');
  assert.equal(pickLang(['de', 'fr']), 'en');
  assert.equal(pickLang([]), 'en');
  assert.equal(pickLang(['ko'], 'en'), 'en');
  assert.equal(pickLang(['en'], 'xx'), 'en');
});

test('placeholders and plurals', () => {
  const t = translator('en');
  assert.equal(t('rooms.count', { count: 1 }), '1 person');
  assert.equal(t('rooms.count', { count: 1234 }), '1,234 people');
  assert.equal(translator('ko')('rooms.count', { count: 1234 }), '1,234명');
  assert.equal(t('chat.spoken', { name: '{text}', text: 'a $& b' }), '{text}: a $& b');
  assert.equal(t('no.such.key'), 'no.such.key');
});
