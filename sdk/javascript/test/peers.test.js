// Clients that are not ours, at the same server: they use the plain JSON routes, which any RSocket client can, and what they
// publish levada.js reads.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {after, describe} from 'node:test';
import {RSocketConnector} from 'rsocket-core';
import {WebsocketClientTransport} from 'rsocket-websocket-client';
import {WebSocket} from 'ws';
import {client, collect, fresh, live, numbered, publish, subscribed, texts, topic, url} from './live-client.js';
import {never, until} from './scripted-server.js';

const require = createRequire(import.meta.url);
const COMPOSITE = 'message/x.rsocket.composite-metadata.v0';
const golden = name => JSON.parse(readFileSync(new URL(`../../../engine/protocol/src/test/resources/golden/${name}`, import.meta.url), 'utf8')).vectors;

/** Composite metadata with a route, made by hand from RSocket's document. */
function routed(route) {
  const tag = Buffer.concat([Buffer.of(route.length), Buffer.from(route)]);
  return Buffer.concat([Buffer.of(0x80 | 0x7e, 0, 0, tag.length), tag]);
}

const payloadOf = (route, json) => ({data: Buffer.from(JSON.stringify(json)), metadata: routed(route)});

/** rsocket-js 1.0.0-alpha.3. */
async function alpha() {
  const peer = await new RSocketConnector({
    setup: {dataMimeType: 'application/json', metadataMimeType: COMPOSITE, keepAlive: 10_000, lifetime: 60_000},
    transport: new WebsocketClientTransport({url, wsCreator: to => new WebSocket(to)}),
  }).connect();
  return {
    peer,
    request: (route, json) => new Promise((resolve, reject) => peer.requestResponse(payloadOf(route, json), {
      onNext: ({data}) => resolve(JSON.parse(data.toString())),
      onError: reject,
      onComplete: () => {},
      onExtension: () => {},
    })),
    stream(route, json, n, heard) {
      const stream = peer.requestStream(payloadOf(route, json), n, {
        onNext: ({data}, complete) => {
          if (data) heard.next(JSON.parse(data.toString()));
          if (complete) heard.complete();
        },
        onError: heard.error,
        onComplete: heard.complete,
        onExtension: () => {},
      });
      return {request: more => stream.request(more), cancel: () => stream.cancel()};
    },
    fireAndForget: (route, json) => peer.fireAndForget(payloadOf(route, json), {onError: () => {}, onComplete: () => {}}),
    close: () => peer.close(),
  };
}

/** rsocket-js 0.0.27, of which there is no later release. */
async function classic() {
  const {BufferEncoders, RSocketClient} = require('rsocket-core-0');
  const {default: Transport} = require('rsocket-websocket-client-0');
  const made = new RSocketClient({
    setup: {dataMimeType: 'application/json', metadataMimeType: COMPOSITE, keepAlive: 10_000, lifetime: 60_000},
    transport: new Transport({url, wsCreator: to => new WebSocket(to)}, BufferEncoders),
  });
  const peer = await new Promise((onComplete, onError) => made.connect().subscribe({onComplete, onError, onSubscribe: () => {}}));
  return {
    peer,
    request: (route, json) => new Promise((resolve, onError) => peer.requestResponse(payloadOf(route, json)).subscribe({
      onComplete: ({data}) => resolve(JSON.parse(data.toString())),
      onError,
      onSubscribe: () => {},
    })),
    stream(route, json, n, heard) {
      let subscription;
      peer.requestStream(payloadOf(route, json)).subscribe({
        onNext: ({data}) => heard.next(JSON.parse(data.toString())),
        onError: heard.error,
        onComplete: heard.complete,
        onSubscribe: given => {
          subscription = given;
          given.request(n);
        },
      });
      return {request: more => subscription.request(more), cancel: () => subscription.cancel()};
    },
    fireAndForget: (route, json) => peer.fireAndForget(payloadOf(route, json)),
    close: () => made.close(),
  };
}

/** What a stream gave, and how it ended. */
function listening() {
  const heard = {records: [], done: false, failure: undefined};
  return Object.assign(heard, {
    next: record => heard.records.push(record),
    complete: () => { heard.done = true; },
    error: error => { heard.failure = error; },
  });
}

for (const [name, connect] of Object.entries({'rsocket-js 1.0.0-alpha.3': alpha, 'rsocket-js 0.0.27': classic})) {
  describe(name, () => {
    const peers = [];
    after(() => peers.forEach(peer => peer.close()));

    async function peer() {
      const made = await connect();
      peers.push(made);
      return made;
    }

    live('lists, makes and describes topics', async () => {
      const {request} = await peer();
      const made = fresh('peer');
      const created = await request('topics.create', {name: made, partitions: 2});
      assert.deepEqual([created.name, created.partitions.length], [made, 2]);
      assert.ok((await request('topics.list', {})).topics.includes(made));
      assert.equal((await request('topics.describe', {name: made})).id, created.id);
      assert.ok(Array.isArray((await request('groups.list', {})).groups));
    });

    live('is told why something failed', async () => {
      const {request} = await peer();
      const error = await request('topics.describe', {name: fresh('none')}).then(() => assert.fail('there is none'), failed => failed);
      assert.match(String(error.message ?? error.source?.message), /UNKNOWN_TOPIC_OR_PARTITION/);
      await assert.rejects(request('no.such.route', {}));
      assert.ok((await request('topics.list', {})).topics, 'the connection goes on');
    });

    live('publishes what levada.js reads', async () => {
      const {topic: t, name: to} = await topic(2);
      const {request, fireAndForget} = await peer();
      const {records: acks} = await request('publish', {topic: to, records: [
        {key: 'k', value: 'text', headers: {h: ['a', 'b']}, partition: 1},
        {value: {n: 1}, partition: 1},
        {value: {base64: '/wA='}, partition: 1},
      ]});
      assert.deepEqual(acks.map(({partition, offset}) => [partition, offset]), [[1, 0], [1, 1], [1, 2]]);
      const [text, json, bytes] = await collect(t.read({from: 'earliest', to: 'now'}));
      assert.deepEqual([text.keyText, text.text(), text.headers.map(({key}) => key)], ['k', 'text', ['h', 'h']]);
      assert.deepEqual(json.json(), {n: 1});
      assert.deepEqual([...bytes.value], [255, 0]);
      const records = t.read({from: 'latest'})[Symbol.asyncIterator]();
      const next = records.next();
      await subscribed(await client(), {topic: to});
      fireAndForget('publish', {topic: to, records: [{value: 'unanswered'}]});
      assert.equal((await next).value.text(), 'unanswered');
    });

    live('reads what levada.js published, as much as it asks for', async () => {
      const {topic: t, name: from} = await topic();
      await publish(t, numbered(100), {codec: 'gzip'});
      const {stream} = await peer();
      const heard = listening();
      const reading = stream('read', {topic: from, from: 'earliest'}, 3, heard);
      await until(() => heard.records.length === 3);
      await never(() => heard.records.length > 3, 'more than was asked for');
      for (let n = 4; n <= 10; n++) {
        reading.request(1);
        await until(() => heard.records.length === n);
      }
      await never(() => heard.records.length > 10, 'more than was asked for', 50);
      reading.request(1000);
      await until(() => heard.records.length === 100);
      await t.send({key: 'k', value: 'late', headers: {h: 'x'}});
      await until(() => heard.records.length === 101);
      assert.deepEqual(heard.records.slice(0, 100).map(({value, offset}) => [value, offset]), Array.from({length: 100}, (_, i) => [String(i), i]));
      const {timestamp, ...last} = heard.records[100];
      assert.ok(timestamp > 0);
      assert.deepEqual(last, {topic: from, partition: 0, offset: 100, key: 'k', value: 'late', headers: {h: 'x'}});
      reading.cancel();
      await t.send({value: 'not heard'});
      for await (const {count} of (await client()).stats({topic: from, intervalMs: 100})) if (count === 0) break;
      assert.equal(heard.records.length, 101);
      assert.equal(heard.failure, undefined);
    });

    live('reads to an end, as levada.js does', async () => {
      const {topic: t, name: from} = await topic(3);
      await publish(t, Array.from({length: 300}, (_, i) => ({key: `k${i}`, value: String(i), headers: {twice: ['a', i]}})));
      const {stream} = await peer();
      const heard = listening();
      stream('read', {topic: from, from: 'earliest', to: 'now', filter: {key: {prefix: 'k1'}}}, 1_000_000, heard);
      await until(() => heard.done);
      const ours = (await collect(t.read({from: 'earliest', to: 'now', filter: {key: {prefix: 'k1'}}}))).map(record => JSON.parse(JSON.stringify(record)));
      const sorted = records => records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
      assert.deepEqual(sorted(heard.records), sorted(ours));
      assert.ok(ours.length > 100);
    });
  });
}

describe('batches of every codec that Kafka has, sent by another client', () => {
  live('are read by levada.js, whole and cut', async () => {
    const vectors = golden('batches.json').filter(({codec, producerId, name}) => producerId === '-1' && (codec !== 'NONE' || name === 'variety') && /-by-|variety/.test(name));
    assert.ok(new Set(vectors.map(({codec}) => codec)).size === 5);
    const {name, topic: t} = await topic();
    const {peer, close} = await alpha();
    try {
      const acked = [];
      let credit = 0;
      let failure;
      const channel = peer.requestChannel({data: Buffer.concat([Buffer.of(1), Buffer.from(JSON.stringify({topic: name}))]), metadata: routed('publish')}, 1000, false, {
        onNext: ({data}) => {
          if (data[0] === 0x12) credit += data.readInt32BE(1);
          if (data[0] === 0x13) acked.push(Number(data.readBigInt64BE(9)));
        },
        onError: error => { failure = error; },
        onComplete: () => {},
        onExtension: () => {},
        request: () => {},
        cancel: () => {},
      });
      await until(() => credit > 0);
      for (const [sequence, {hex}] of vectors.entries()) {
        const head = Buffer.alloc(13);
        head[0] = 2;
        head.writeBigInt64BE(BigInt(sequence), 5);
        channel.onNext({data: Buffer.concat([head, Buffer.from(hex, 'hex')])}, false);
        await until(() => acked.length === sequence + 1 || failure);
        assert.equal(failure, undefined, String(failure?.message));
      }
      channel.onComplete();
      const want = vectors.flatMap(({records}) => records.map(({key, value, headers}) => [key, value, headers]));
      const hex = bytes => bytes && Buffer.from(bytes).toString('hex');
      for (const window of [undefined, 3]) {
        const records = await collect(t.read({from: 'earliest', to: 'now', window}));
        assert.deepEqual(records.map(record => [hex(record.key), hex(record.value), record.headers.map(header => [header.key, hex(header.value)])]), want, `window ${window}`);
        assert.deepEqual(records.map(({offset}) => offset), records.map((_, i) => i));
      }
      assert.equal(texts(await collect(t.read({from: 'offset:7'}), 5)).length, 5);
    } finally {
      close();
    }
  });
});
