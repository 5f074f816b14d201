// When ICE begins anew because nothing comes: how long is waited, for what, and how often it is tried.
// @ts-nocheck -- parts of what is seen
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGAIN_CAP_MS, AGAIN_MS, LOOK_MS, QUIET_MS, heed, unheard } from '../../web/rtc/silence.js';

/** Looks, one after the other, as long as the connection lives. */
function listener(now = 0) {
  let silence = unheard(now);
  let bytes = 0;
  const asks = [];
  const restarts = [];
  return {
    asks, restarts,
    now: () => now,
    look(ms, { gets = 0, step = LOOK_MS, ...seen } = {}) {
      for (const end = now + ms; now < end;) {
        now += step;
        bytes += gets;
        const did = heed(silence, { now, bytes, due: true, broken: false, held: false, heard: now, ...seen });
        silence = did.silence;
        if (did.ask) asks.push(now);
        if (did.restart) restarts.push(now);
      }
    },
  };
}

/** That has heard something already, until now. */
function begun() {
  const l = listener();
  l.look(5000, { gets: 10 });
  return l;
}

test('three seconds of nothing, after signaling was asked in the first one', () => {
  const l = begun();
  const from = l.now();
  l.look(QUIET_MS);
  assert.deepEqual(l.asks, [from + LOOK_MS]);
  assert.deepEqual(l.restarts, [from + QUIET_MS]);
});

test('nothing is done where nothing is to come, where nothing ever came, or where it goes on', () => {
  const idle = begun();
  idle.look(60_000, { due: false });
  const never = listener();
  never.look(60_000);
  const steady = begun();
  for (let i = 0; i < 20; i++) {
    steady.look(QUIET_MS - LOOK_MS);
    steady.look(LOOK_MS, { gets: 1 });
  }
  for (const l of [idle, never, steady]) assert.deepEqual(l.restarts, []);
  assert.deepEqual([idle.asks, never.asks], [[], []]);
});

test('what the browser has noticed counts, whatever else comes', () => {
  const l = listener();
  l.look(QUIET_MS, { broken: true, due: false, gets: 5 });
  assert.equal(l.restarts.length, 1);
});

test('each try waits twice as long for the next, to an end, and what comes begins it all over', () => {
  const l = begun();
  l.look(200_000);
  const waits = l.restarts.slice(1).map((at, i) => at - l.restarts[i]);
  assert.deepEqual(waits.slice(0, 4), [AGAIN_MS, 2 * AGAIN_MS, 4 * AGAIN_MS, AGAIN_CAP_MS]);
  assert.ok(waits.slice(3).every((ms) => ms === AGAIN_CAP_MS));
  l.look(AGAIN_CAP_MS, { gets: 1 });
  l.restarts.length = 0;
  l.look(10_000);
  assert.equal(l.restarts[1] - l.restarts[0], AGAIN_MS);
});

test('no try while signaling is silent, and one as soon as it is heard; the next one needs another sign of life', () => {
  const l = begun();
  const before = l.now();
  l.look(20_000, { heard: before });
  l.look(20_000, { heard: -Infinity });
  assert.deepEqual([l.asks.length, l.restarts.length], [1, 0]);
  const back = l.now() + 1;
  l.look(20_000, { heard: back });
  assert.equal(l.restarts.length, 1);
  assert.equal(l.asks.length, 2, 'asked anew after the try');
});

test('who has slept listens anew, and a restart for another reason has its time', () => {
  const l = begun();
  l.look(60_000, { step: 60_000 });
  assert.deepEqual(l.restarts, []);
  l.look(2 * QUIET_MS, { held: true });
  assert.deepEqual(l.restarts, []);
  l.look(LOOK_MS);
  assert.equal(l.restarts.length, 1);
});

test('a way that is forgotten with its counts is nothing that comes', () => {
  const l = begun();
  l.look(LOOK_MS, { gets: -40 });
  l.look(QUIET_MS - LOOK_MS);
  assert.equal(l.restarts.length, 1);
});
