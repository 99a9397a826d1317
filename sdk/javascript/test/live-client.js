// Clients at the running server that LEVADA_WS names, and topics of a test's own there.
import {once} from 'node:events';
import {after as afterAll, afterEach, it} from 'node:test';
import {WebSocket} from 'ws';
import {connect} from '../levada.js';

export const url = process.env.LEVADA_WS;
const skip = url ? false : 'LEVADA_WS names no server, as in LEVADA_WS=ws://127.0.0.1:7880/rsocket';
let skipped = 0;
const open = new Set();
let names = 0;

/** A test against the server; skipped, and counted aloud, where there is none. */
export function live(name, does, timeout = 60_000) {
  if (skip) skipped++;
  it(name, {skip, timeout}, does);
}

afterEach(async () => {
  for (const levada of open) levada.close();
  open.clear();
});
afterAll(async () => {
  if (skipped) console.error(`SKIPPED ${skipped} tests of ${process.argv[1]}: ${skip}`);
});

export async function client(options = {}) {
  const levada = await connect(url, {WebSocket, ...options});
  open.add(levada);
  return levada;
}

export const fresh = kind => `${kind}-${process.pid}-${Date.now() % 1e6}-${++names}`;

/** A client, a topic of its own, and its name. */
export async function topic(partitions = 1, config) {
  const levada = await client();
  const name = fresh('js');
  await levada.topics.create({name, partitions, config});
  return {levada, name, topic: levada.topic(name)};
}

/** What an iterable gives, all of it or so many. */
export async function collect(iterable, n = Infinity) {
  const all = [];
  if (n > 0) {
    for await (const each of iterable) {
      all.push(each);
      if (all.length >= n) break;
    }
  }
  return all;
}

/** So many of an iterator's, which stays open. */
export async function take(iterator, n) {
  const taken = [];
  for (let step; taken.length < n && !(step = await iterator.next()).done;) taken.push(step.value);
  return taken;
}

export const pause = (ms, value) => new Promise(done => setTimeout(done, ms, value));
export const publish = (topic, records, options) => collect(topic.publish(records, options));
export const numbered = (n, from = 0) => Array.from({length: n}, (_, i) => ({value: String(from + i)}));
export const texts = records => records.map(record => record.text());

/** Drops the connection, and waits for the next one. */
export async function reconnected(levada) {
  levada.reconnect();
  while (levada.state !== 'open') await once(levada, 'state');
}

/** Waits until the server has so many subscriptions to a topic or of a group that it says this of. */
export async function subscribed(levada, what, holds = () => true, count = 1) {
  for await (const {subscriptions} of levada.stats({...what, intervalMs: 100})) {
    if (subscriptions.filter(holds).length >= count) return;
  }
}

/** Numbers between 0 and 1 that a seed makes the same again: mulberry32. */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}
