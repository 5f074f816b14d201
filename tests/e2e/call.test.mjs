// Two people see and hear each other and write to each other, in each pair of browsers.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { flowFrom, receives, shows, tileOf } from './lib/media.mjs';

const house = new House('call');

for (const [one, two] of /** @type {const} */ ([['chromium', 'chromium'], ['chromium', 'firefox'], ['firefox', 'firefox']])) {
  house.test(`${one} and ${two} see and hear each other`, async () => {
    const [a, b] = [await house.person(one, { name: 'Ann' }), await house.person(two, { name: 'Ben' })];
    const room = await a.create({ title: 'Two of us' });
    await b.join(room);
    await Promise.all([shows(a.page, tileOf(b.session), b.look), shows(b.page, tileOf(a.session), a.look)]);
    const both = { camera: 10, mic: true };
    await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
    const [ab, ba] = [await flowFrom(a.page, b.session), await flowFrom(b.page, a.session)];
    for (const f of [ab, ba]) {
      const direct = ['host', 'prflx', 'srflx'];
      assert.ok(f && direct.includes(f.path.local) && direct.includes(f.path.remote), JSON.stringify(f));
    }
    await a.say('hello Ben');
    await b.hears('hello Ben');
    await b.say('안녕, Ann');
    await a.hears('안녕, Ann');
  });
}
