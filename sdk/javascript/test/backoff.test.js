// How long a client waits before it tries again; in a file of its own, since the waits of all clients in a process are seen.
import assert from 'node:assert/strict';
import {describe, mock, test} from 'node:test';
import {Levada, LevadaError} from '../levada.js';

describe('a connection that cannot be made', () => {
  /** How long it waits between attempts that fail at once, with each wait made short. */
  async function waits(n, random, then) {
    class Dead {
      constructor() {
        attempts++;
        setImmediate(() => this.onerror?.({}));
      }
      close() {}
    }
    let attempts = 0;
    const waited = [];
    const {setTimeout: really} = globalThis;
    mock.method(Math, 'random', random);
    mock.method(globalThis, 'setTimeout', (done, ms, ...rest) => {
      if (ms >= 3_600_000) return really(done, 20_000, ...rest).unref();
      waited.push(ms);
      return really(done, 0, ...rest);
    });
    const levada = new Levada('ws://127.0.0.1:9', {WebSocket: Dead, connectTimeoutMs: 3_600_000});
    then?.(levada);
    for (const endMs = performance.now() + 5000; attempts < n && performance.now() < endMs;) await new Promise(setImmediate);
    await levada.close(new LevadaError('GOING_AWAY', 'the test is over'));
    mock.restoreAll();
    return waited;
  }

  test('is waited for twice as long each time, up to 10 s', async () => {
    const waited = await waits(12, () => 0.75);
    assert.deepEqual(waited.slice(0, 10), [75, 150, 300, 600, 1200, 2400, 4800, 7500, 7500, 7500]);
  });

  test('is waited for by a random part, so that clients do not come together', async () => {
    let n = 0;
    const parts = [0, 0.999, 0.5, 0.25];
    const waited = await waits(6, () => parts[n++ % 4]);
    const of = waited.slice(0, 4).map((ms, i) => ms / (100 * 2 ** i));
    assert.equal(new Set(of.map(part => part.toFixed(3))).size, 4);
    assert.ok(of.every(part => part >= 0 && part < 1), `${of}`);
  });

  test('is not waited for longer than a second while there are members, whose partitions move otherwise', async () => {
    const waited = await waits(12, () => 0.75, levada => levada.group('g').subscribe('t'));
    assert.ok(waited.length >= 10);
    assert.equal(Math.max(...waited.slice(0, 11)), 750);
  });
});
