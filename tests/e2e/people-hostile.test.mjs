// Two people who type markup into every field that takes text, and look at every screen where it comes out: it stays
// text for both of them, nothing of it runs, and nobody else's server is asked for anything.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { House } from './lib/house.mjs';
import { complaints, holds, reads, watchCsp } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('people-hostile');
const OPEN = { args: ['--registration', 'open', '--user-invites', 'on'] };
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-hostile-'));
after(() => rmSync(dir, { recursive: true }));
/** A page that would do harm, under that name. @param {string} name */
const file = (name) => {
  writeFileSync(path.join(dir, name), '<script>hacked=40</script>');
  return path.join(dir, name);
};
/** Which of them ran would be seen by its number. @param {number} n */
const evil = (n) => `<img src=x onerror=hacked=${n}>`;
const LINKS = '[x](javascript:hacked=30) javascript:hacked=31 data:text/html,<script>hacked=32</script> https://e.example/"onmouseover="hacked=33';
const LONG = `${evil(20)}<script>hacked=21</script><svg/onload=hacked=22>\n**${evil(23)}** \`${evil(24)}\`\n${LINKS}`;

/** Nothing of it became a part of the page, or ran. @param {User} user @param {string} where */
async function harmless({ page, name }, where) {
  const found = await page.eval(() => {
    const inside = [...document.querySelectorAll('*')];
    return {
      hacked: /** @type {any} */ (window).hacked ?? null,
      scripts: document.querySelectorAll('script:not([src]), iframe, object, embed, base, svg[onload], img[src="x"]').length,
      handlers: inside.flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith('on')),
      links: [...document.querySelectorAll('a')].map((a) => a.href).filter((h) => !/^https?:/.test(h)),
    };
  });
  assert.deepEqual(found, { hacked: null, scripts: 0, handlers: [], links: [] }, `${name}: ${where}`);
}

/** @param {User} user */
async function innocent({ page, name }) {
  const bad = complaints(page, /SSL certificate error|status of 4\d\d/);
  assert.deepEqual(bad, [], name);
  assert.deepEqual(await page.eval(() => /** @type {any} */ (window).csp), [], name);
}

/** @param {User} user @param {string} text */
async function say({ page }, text) {
  await page.fill('[data-field=message]', text);
  await page.click('[data-act=send-message]');
}

house.test('markup in every field stays text on every screen', async () => {
  const server = await house.server(OPEN);
  const [eve, mia] = await Promise.all(['eve', 'mia'].map(async (name) =>
    new User(await house.person('chromium', { name, server, page: { init: [[watchCsp, null]] } }))));
  const both = (/** @type {string} */ where) => Promise.all([harmless(eve, where), harmless(mia, where)]);

  // The forms before one is somebody, and links with something else in the place of a name or a code.
  await eve.person.open('/');
  await eve.page.click('[data-act=account]');
  for (const field of ['username', 'password']) await eve.page.fill(`[data-field=${field}]`, evil(1));
  await eve.page.click('[data-act=sign-in-go]');
  await eve.page.see('[data-problem=sign_in_wrong]');
  await eve.page.click('[data-act=to-recover]');
  for (const field of ['username', 'code']) await eve.page.fill(`[data-field=${field}]`, evil(2));
  await eve.page.fill('[data-field=password]', eve.password);
  await eve.page.click('[data-act=recover-go]');
  await eve.page.see('[data-problem=sign_in_wrong]');
  await eve.person.open('/');
  await eve.page.click('[data-act=account]');
  await eve.page.click('[data-act=to-register]');
  await eve.page.fill('[data-field=username]', evil(3));
  await eve.page.fill('[data-field=password]', eve.password);
  await eve.page.click('[data-act=register-go]');
  await eve.page.see('[data-problem=bad_name]');
  await harmless(eve, 'the forms');
  await eve.register({ display: evil(4) });
  await mia.register({ display: evil(5) });
  await reads(eve.page, '.own-btn .cut', evil(4));
  for (const at of ['u', 'i', 'g', 'r']) {
    await eve.person.open(`/${at}/${encodeURIComponent(evil(6))}`);
    await eve.page.until(() => !/** @type {any} */ (window).madang.parts.sig.pending.size, null, { what: `/${at} was looked up` });
    await harmless(eve, `/${at}/…`);
  }
  await eve.person.open('/');
  await eve.atHome();

  // People, and oneself.
  await eve.find('mia', mia);
  await reads(eve.page, '#card-name', evil(5));
  await eve.page.click('[data-menu=card]');
  await eve.page.click('[data-item=block]');
  await holds(eve.page, 'dialog[open][data-dialog=block]', evil(5));
  await harmless(eve, 'the question before a block');
  await eve.page.press('Escape');
  await eve.page.gone('dialog');
  await eve.page.fill('[data-field=people-search]', evil(7));
  await holds(eve.page, '.rooms-empty', evil(7));
  await eve.page.fill('[data-field=people-search]', '');
  await mia.toMe();
  await reads(mia.page, '.me-name', evil(5));
  await mia.page.click('[data-act=make-invite]');
  await mia.page.see('[data-field=invite-link]');
  const invitation = await mia.page.eval(() => /** @type {HTMLInputElement} */ (document.querySelector('[data-field=invite-link]')).value);
  await mia.page.fill('[data-field=display]', evil(8));
  await mia.page.click('[data-act=keep-display]');
  await reads(mia.page, '.me-name', evil(8));
  await mia.page.click('[data-act=new-token]');
  await mia.page.fill('[data-field=token-name]', evil(41));
  await mia.page.click('[data-field=scope-messages]');
  await mia.page.click('[data-act=token-go]');
  await mia.page.click('[data-field=token-kept]');
  await mia.page.click('[data-act=token-done]');
  await reads(mia.page, '[data-token] .cut', evil(41));
  await mia.page.click('[data-act=end-token]');
  await holds(mia.page, '[data-token] .question', evil(41));
  await both('people, and oneself');
  const guest = new User(await house.person('chromium', { name: 'guest', server, page: { init: [[watchCsp, null]] } }));
  await guest.person.open(new URL(invitation).pathname);
  await holds(guest.page, '.sign-card', evil(8));
  await harmless(guest, 'an invitation');

  // Messages: a request, words, an answer, an edit, a draft, a search, a room with its people.
  await eve.find('mia', mia);
  await eve.page.click('[data-act=write]');
  await say(eve, LONG);
  await mia.page.click('[data-nav=messages]');
  await holds(mia.page, '[data-requests]', evil(20));
  await mia.page.click('[data-requests] .row-main');
  await holds(mia.page, '.bubble', evil(20));
  await reads(mia.page, '.bubble strong', evil(23));
  await both('a request');
  await mia.page.click('[data-act=accept-request]');
  await mia.page.see('[data-field=message]');
  await mia.page.click('[data-seq="1"] [data-menu=said]');
  await mia.page.click('[data-item=reply]');
  await holds(mia.page, '[data-about=reply]', evil(20));
  await say(mia, evil(25));
  await holds(eve.page, '[data-quoted="1"]', evil(20));
  await mia.page.click('[data-seq="2"] [data-menu=said]');
  await mia.page.click('[data-item=edit]');
  await mia.page.fill('[data-field=message]', `@eve ${evil(26)}`);
  await mia.page.click('[data-act=send-message]');
  await holds(eve.page, '[data-seq="2"] .bubble', evil(26));
  await eve.page.click('[data-seq="2"] [data-menu=said]');
  await eve.page.click('[data-item=react-1]');
  await mia.page.see('[data-seq="2"] [data-reaction]');
  await mia.page.fill('[data-field=message]', evil(27));
  await mia.page.fill('[data-field=message-search]', 'onerror');
  await mia.page.see('[data-found="2"]');
  await holds(mia.page, '[data-found]', evil(26));
  await both('words and what was found');
  await mia.page.fill('[data-field=message-search]', `" OR ${evil(28)} NEAR(*`);
  await mia.page.see('[data-found="0"]');
  await holds(mia.page, '.rows-place', evil(28));
  await mia.page.fill('[data-field=message-search]', '');
  await mia.page.setFiles('[data-attach-input]', [40, 42].map((n) => file(`${evil(n)}.html`)));
  await holds(mia.page, '[data-chosen]', evil(40));
  await harmless(mia, 'files that were chosen');
  await mia.page.click('[data-act=send-message]');
  for (const p of [mia, eve]) await holds(p.page, '[data-doc]', evil(40));
  await both('files');
  await eve.page.click('[data-act=new-conv-room]');
  await eve.page.fill('[data-field=conv-title]', evil(10));
  await eve.page.fill('[data-field=conv-topic]', evil(11));
  await eve.page.click('[data-act=conv-room-go]');
  await reads(eve.page, '[data-conv-title]', evil(10));
  await eve.page.gone('dialog');
  await holds(eve.page, '.thread-head', evil(11));
  await eve.page.click('[data-menu=conv]');
  await eve.page.click('[data-item=members]');
  await eve.page.fill('[data-field=member-search]', 'mia');
  await eve.page.click('[data-ask]');
  await holds(eve.page, 'dialog[open][data-dialog=conv-members] [data-member]', evil(8));
  await harmless(eve, 'the people of a room');
  await eve.page.press('Escape');
  await mia.page.click('[data-requests] .row-main');
  await holds(mia.page, '.request-bar', evil(10));
  await mia.page.click('[data-act=accept-request]');
  await mia.page.see('[data-field=message]');
  await mia.page.click('[data-menu=conv]');
  await mia.page.click('[data-item=leave-conv]');
  await holds(mia.page, 'dialog[open][data-dialog=conv-leave]', evil(10));
  await both('a room that stays');
  await mia.page.press('Escape');
  await mia.page.gone('dialog');

  // A call: ringing, declined with words, and one with words in it.
  await eve.page.click('[data-nav=people]');
  await eve.call('mia', 'voice');
  await reads(mia.page, '[data-ring=incoming] h2', evil(4));
  await reads(eve.page, '[data-ring=outgoing] h2', evil(8));
  await mia.page.until((name) => document.title.includes(name), evil(4), { what: 'the title' });
  await both('ringing');
  await mia.page.click('[data-act=reply]');
  await mia.page.fill('[data-field=reply]', evil(12));
  await mia.page.click('[data-act=reply-send]');
  await holds(eve.page, '.ring-text', evil(12));
  await both('declined with words');
  await eve.page.click('[data-act=again]');
  await mia.page.click('[data-act=accept-voice]');
  await Promise.all([eve.inCall(), mia.inCall()]);
  await reads(eve.page, '[data-room-title]', evil(8));
  await eve.person.say(evil(13));
  await mia.person.hears(evil(13));
  await mia.person.openPeople();
  await holds(mia.page, '.people-list', evil(4));
  await eve.page.click('[data-act=call-invite]');
  await eve.page.fill('[data-field=invite-search]', evil(14));
  await holds(eve.page, 'dialog[open][data-dialog=call-invite]', evil(14));
  await both('in a call');
  await eve.page.click('[data-dialog=call-invite] .dialog-head button'); // Escape would empty the field first
  await eve.page.gone('dialog');
  await mia.page.click('[data-act=leave]');
  for (const p of [eve, mia]) {
    await p.page.see('[data-outcome=ended]');
    await p.page.click('[data-act=after-done]');
    await p.page.click('[data-nav=calls]');
    await p.page.see('[data-record]');
  }
  await holds(eve.page, '[data-record]', evil(8));
  await both('the history');
  await eve.page.reload();
  await eve.page.see('[data-nav=messages]');
  await harmless(eve, 'after a reload');
  for (const p of [eve, mia, guest]) await innocent(p);
}, { timeout: 150_000 });
