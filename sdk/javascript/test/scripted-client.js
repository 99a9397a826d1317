// A client at a scripted server, new for each test, and what tests of several files do with it.
import assert from 'node:assert/strict';
import {afterEach, beforeEach, it, mock} from 'node:test';
import {WebSocket} from 'ws';
import {connect} from '../levada.js';
import {ScriptedServer} from './scripted-server.js';

export const test = (name, does) => it(name, {timeout: 30_000}, does);
/** @type {ScriptedServer} */ export let server;
const open = new Set();

beforeEach(async () => { server = await ScriptedServer.start(); });
afterEach(async () => {
  mock.restoreAll();
  for (const levada of open) levada.close();
  open.clear();
  await server.stop();
});

export async function client(options = {}) {
  const levada = await connect(server.url, {WebSocket, ...options});
  open.add(levada);
  levada.states = [];
  levada.addEventListener('state', ({detail}) => levada.states.push(detail));
  return levada;
}

/** What takes of a reading, an assignment or a member; a failure that comes when nobody waits any more is no matter. */
export function taking(flow) {
  const taker = flow[Symbol.asyncIterator]();
  return {next: () => quietly(taker.next()), return: () => taker.return()};
}

/** Takes so many of an iterator's. */
export async function take(iterator, n) {
  const taken = [];
  while (taken.length < n) {
    const {value, done} = await iterator.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

/** A promise whose failure is no matter before it is waited for, if it ever is. */
export const quietly = promise => {
  promise.catch(() => {});
  return promise;
};
export const after = (ms, value) => new Promise(done => setTimeout(done, ms, value));
export const values = (from, n) => Array.from({length: n}, (_, i) => `v${from + i}`);

/** The offsets that a token names, by partition. */
export function placesOf(token) {
  assert.match(token, /^t1\./);
  const bytes = Buffer.from(token.slice(3), 'base64url');
  const places = {};
  for (let at = 32; at < bytes.length; at += 12) places[bytes.readInt32BE(at)] = Number(bytes.readBigInt64BE(at + 4));
  return places;
}

/** Sends records one behind the other as far as they are permitted. */
export function feed(request, {base = 0, partition = 0, end = Infinity, size = 1} = {}) {
  const fed = {next: base, most: 0};
  const more = () => {
    while (request.outstanding > 0 && request.creditBytes > request.sentBytes && fed.next < end) {
      const n = Math.min(size, request.outstanding, end - fed.next);
      request.records(partition, {base: fed.next, values: values(fed.next, n)});
      fed.next += n;
    }
  };
  request.onPayload = () => {
    fed.most = Math.max(fed.most, request.outstanding);
    more();
  };
  more();
  return fed;
}
