// More of people with accounts: pictures, invitations, sessions, privacy, presence, blocking; a third person
// in a call, call waiting; all by what people press.
import assert from 'node:assert/strict';
import path from 'node:path';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';
import { reads, words } from './lib/ui.mjs';

const house = new House('people-more');
const t = words.en;
const PICTURE = path.resolve('web/icons/icon-512.png');

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open', '--user-invites', 'on', '--groups', 'auto'], shared: true }));

/** @param {string} name */
async function newUser(name) {
  const user = new User(await house.person('chromium', { name, server: await home() }));
  await user.register();
  return user;
}

house.test('a picture is cut, seen by others, and taken away; a new name is seen at once', async () => {
  const [ana, bob] = await Promise.all([newUser('ana.pic'), newUser('bob.pic')]);
  await bob.find('ana.pic', ana);
  await ana.toMe();
  await ana.page.click('[data-act=picture]');
  await ana.page.setFiles('[data-field=picture]', [PICTURE]);
  await ana.page.see('canvas.cutter-picture');
  await ana.page.click('[data-act=keep-picture]');
  await ana.page.gone('dialog');
  const loaded = () => [...document.querySelectorAll('img.face')].some((i) => /** @type {HTMLImageElement} */ (i).naturalWidth > 0);
  await ana.page.until(loaded);
  await bob.page.until(loaded, null, { what: 'the picture of the other' });
  await ana.page.fill('[data-field=display]', 'Ana Bright');
  await ana.page.click('[data-act=keep-display]');
  await reads(bob.page, '#card-name', 'Ana Bright');
  await ana.page.click('[data-act=picture]');
  await ana.page.click('[data-act=no-picture]');
  await ana.page.gone('img.face');
});

house.test('presence is seen; who is blocked cannot call and is told nothing', async () => {
  const [cat, dot] = await Promise.all([newUser('cat'), newUser('dot')]);
  await cat.find('dot', dot);
  await reads(cat.page, '.presence-line', t('presence.online'));
  await dot.page.click('[data-menu=own]');
  await dot.page.click('[data-item=mode-dnd]');
  await reads(cat.page, '.presence-line', t('presence.dnd'));
  await dot.page.click('[data-menu=own]');
  await dot.page.click('[data-item=mode-auto]');
  await reads(cat.page, '.presence-line', t('presence.online'));
  await cat.page.click('[data-act=favourite]');
  await cat.page.see('[data-act=favourite][aria-pressed=true]');
  await cat.page.click('[data-filter=favourites]');
  await cat.page.until(() => document.querySelectorAll('.rows .row-main').length === 1);
  await dot.find('cat', cat);
  await dot.page.click('[data-menu=card]');
  await dot.page.click('[data-item=block]');
  await dot.page.click('[data-act=block-go]');
  await dot.page.see('[data-act=unblock]');
  await cat.page.click('[data-act=call-voice]');
  await cat.page.see('[data-ring=outgoing] [data-call]');
  await cat.page.click('[data-act=cancel-call]');
  assert.equal(await dot.page.count('[data-ring]'), 0);
  await dot.page.click('[data-act=unblock]');
  await dot.page.see('[data-act=call-video]');
});

house.test('who touches nothing for five minutes is away, and there again with the first move', async () => {
  const server = await home();
  const ned = new User(await house.person('chromium', { name: 'ned', server }));
  await ned.page.raw.clock.install();
  await ned.register();
  const ola = await newUser('ola');
  await ola.find('ned', ned);
  await reads(ola.page, '.presence-line', t('presence.online'));
  await ned.page.raw.clock.fastForward(5 * 60_000 + 1000);
  await reads(ola.page, '.presence-line', t('presence.away'));
  await ned.page.raw.mouse.move(40, 50);
  await reads(ola.page, '.presence-line', t('presence.online'));
});

house.test('an invitation lets somebody in; another device is signed out from here', async () => {
  const eli = await newUser('eli');
  const phone = await eli.secondDevice(house);
  await eli.toMe();
  await eli.page.see('[data-act=end-session]');
  await eli.page.click('[data-act=end-session]');
  await phone.page.see('[data-toast=signed_out]');
  await phone.page.see('[data-field=name]');
  await eli.page.gone('[data-act=end-session]');
  await eli.page.see('[data-field=uses-10]:checked');
  await eli.person.force('[data-field=uses-1]');
  await eli.page.click('[data-act=make-invite]');
  await eli.page.see('[data-field=invite-link]');
  const link = await eli.page.eval(() => /** @type {HTMLInputElement} */ (document.querySelector('[data-field=invite-link]')).value);
  const guest = new User(await house.person('chromium', { name: 'flo', server: await home() }));
  await guest.person.open(new URL(link).pathname);
  await guest.page.see('[data-sign=register]');
  assert.match(await guest.page.text('.sign-card'), /eli/);
  await guest.page.fill('[data-field=username]', 'flo');
  await guest.page.fill('[data-field=password]', guest.password);
  await guest.page.click('[data-act=register-go]');
  await guest.keepCodes();
  await guest.atHome();
  // Used up: said before there is anything to fill in.
  const late = await house.person('chromium', { name: 'late', server: await home() });
  await late.open(new URL(link).pathname);
  await late.page.see('[data-problem=bad_invite]');
  assert.equal(await late.page.count('[data-field=username]'), 0);
});

house.test('call waiting: hold and accept, back again; a third person comes in, nobody is dropped', async () => {
  const [gil, hoa, ian] = await Promise.all(['gil', 'hoa', 'ian'].map(newUser));
  await gil.call('hoa', 'video');
  await hoa.page.see('[data-ring=incoming]');
  await hoa.page.click('[data-act=accept-video]');
  await Promise.all([gil.talks(2), hoa.talks(2)]);
  await ian.call('hoa', 'voice');
  await hoa.page.see('[data-ring=waiting]');
  await hoa.page.click('[data-act=hold-accept]');
  await gil.page.see('[data-hint=held]');
  await reads(hoa.page, '[data-room-title]', 'ian');
  await Promise.all([hoa.hears(), ian.hears()]);
  await hoa.page.click('[data-act=leave]');
  await gil.page.gone('[data-hint=held]');
  await reads(hoa.page, '[data-room-title]', 'gil');
  await Promise.all([gil.talks(2), hoa.talks(2)]);
  await ian.page.see('[data-act=after-done]');
  await ian.page.click('[data-act=after-done]');
  await hoa.page.click('[data-act=after-done]');
  const askIan = async () => {
    await gil.page.click('[data-act=call-invite]');
    await gil.page.fill('[data-field=invite-search]', 'ian');
    await gil.page.until(() => document.querySelectorAll('[data-dialog=call-invite] .row-main').length === 1);
    await gil.page.click('[data-dialog=call-invite] .row-main');
    await ian.page.see('[data-ring=incoming]');
  };
  await askIan();
  await ian.page.click('[data-act=decline]');
  await gil.page.see('[data-toast=asked_declined]'); // beside the call, which goes on
  assert.equal(await gil.page.count('[data-ring]'), 0);
  await askIan();
  await gil.page.see('[data-hint=asked] [data-act=cancel-call]'); // beside the call, which is to be seen
  assert.equal(await gil.page.count('[data-ring]'), 0);
  await ian.page.click('[data-act=accept-video]');
  await gil.page.gone('[data-hint=asked]');
  await Promise.all([gil.talks(3), hoa.talks(3), ian.talks(3)]);
  const way = (/** @type {User} */ u, /** @type {string} */ mode) => u.page.until(({ mode, n }) => {
    const { call } = /** @type {any} */ (window).madang.parts;
    const held = [...call.shown.people.keys()];
    return held.length === n && held.every((s) => (call.shown.wayOf(s) === 'group') === (mode === 'group'));
  }, { mode, n: mode === 'group' ? 2 : 1 }, { ms: 60_000, what: `${mode}` });
  await Promise.all([gil, hoa, ian].map((u) => way(u, 'group')));
  await gil.page.until(() => ['hoa, ian', 'ian, hoa'].includes(document.querySelector('[data-room-title]')?.textContent ?? ''));
  await gil.page.click('[data-act=leave]');
  await Promise.all([hoa.talks(2), ian.talks(2)]);
  await Promise.all([hoa, ian].map((u) => way(u, 'direct')));
  await Promise.all([hoa.hears(), ian.hears()]);
}, { timeout: 200_000 });

house.test('a page that is loaded again in the middle of a call is back in it', async () => {
  const [jil, ken] = await Promise.all([newUser('jil'), newUser('ken')]);
  await jil.call('ken', 'video');
  await ken.page.see('[data-ring=incoming]');
  await ken.page.click('[data-act=accept-video]');
  await Promise.all([jil.talks(2), ken.talks(2)]);
  await jil.page.reload();
  await Promise.all([jil.talks(2), ken.talks(2)]);
  await reads(jil.page, '[data-room-title]', 'ken');
  await jil.page.see('[data-lasting]');
  await jil.page.click('[data-act=leave]');
  await ken.page.see('[data-outcome=ended]');
});

house.test('where guests are not let in, the page begins with signing in', async () => {
  const server = await house.server({ args: ['--registration', 'open', '--guests', 'off'] });
  const lea = new User(await house.person('chromium', { name: 'lea', server }));
  const { page } = lea;
  await page.goto(`${lea.person.url}/?debug`);
  await page.see('[data-sign=sign_in] [data-act=to-register]');
  await page.click('[data-act=to-register]');
  await page.fill('[data-field=username]', 'lea');
  await page.fill('[data-field=password]', lea.password);
  await page.click('[data-act=register-go]');
  await lea.keepCodes();
  await lea.atHome();
});
