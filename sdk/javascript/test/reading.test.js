// What a reading makes of what comes, over connections and tokens that end.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe} from 'node:test';
import {LevadaError} from '../levada.js';
import {after, client, placesOf, quietly, server, taking, test, values} from './scripted-client.js';
import {batchOf, ScriptedServer, until} from './scripted-server.js';

describe('what comes', () => {
  const golden = JSON.parse(readFileSync(new URL('../../../engine/protocol/src/test/resources/golden/messages.json', import.meta.url), 'utf8')).vectors;
  const vector = name => golden.find(each => each.name === name);

  async function reading(options) {
    server.partitions = 4;
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 100, ...options});
    const records = taking(reading);
    const first = records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    return {levada, reading, records, first, request, hear: name => request.next(Buffer.from(vector(name).hex, 'hex'))};
  }

  test('is read as the golden messages say: records, passed', async () => {
    const {reading: read, records, first, hear, request} = await reading();
    hear('records');
    const [a, b] = [await first, await records.next()].map(({value}) => value);
    assert.deepEqual([a.partition, a.offset, a.keyText, a.text()], [3, 0, 'key', 'value']);
    assert.deepEqual([b.partition, b.offset, b.key, b.text()], [3, 1, null, 'no key']);
    hear('passed');
    const next = records.next();
    await until(() => placesOf(read.token)[3] === 12345);
    request.records(1, {base: 7, values: ['x']});
    assert.equal((await next).value.offset, 7);
    assert.deepEqual(placesOf(read.token), {1: 8, 3: 12345});
  });

  test('is read as the golden messages say: a gap is told', async () => {
    const gaps = [];
    const {first, hear, request} = await reading({onGap: gap => gaps.push(gap)});
    hear('gap');
    request.records(3, {base: 10, values: ['behind']});
    assert.equal((await first).value.offset, 10);
    assert.deepEqual(gaps, [{topic: 't', partition: 3, from: 5, to: 10}]);
  });

  test('is read as the golden messages say: a gap that nobody hears of fails the reading', async () => {
    const {first, hear} = await reading();
    hear('gap');
    await assert.rejects(first, {code: 'OFFSET_OUT_OF_RANGE', topic: 't', partition: 3, from: 5, to: 10, retriable: false});
  });

  test('is read as the golden messages say: what was dropped is told', async () => {
    const dropped = [];
    const {first, hear, request} = await reading({overflow: 'drop', onDropped: what => dropped.push(what)});
    assert.equal(request.json.overflow, 'drop');
    hear('dropped');
    request.records(3, {base: 10, values: ['behind']});
    assert.equal((await first).value.offset, 10);
    assert.deepEqual(dropped, [{topic: 't', partition: 3, from: 5, to: 10}]);
  });

  test('is read as the golden messages say: an end with an error comes behind the records before it', async () => {
    const {first, records, hear} = await reading();
    hear('records');
    hear('end-with-error');
    await first;
    await records.next();
    await assert.rejects(records.next(), {code: 'OFFSET_OUT_OF_RANGE', message: 'earliest 5, latest 9', retriable: false});
  });

  test('is read as the golden messages say: an end of all partitions completes the loop', async () => {
    const {first, records, hear, request} = await reading({to: 'now'});
    hear('records');
    hear('end');
    for (const partition of [0, 1, 2]) request.end(partition);
    request.complete();
    await first;
    await records.next();
    assert.deepEqual(await records.next(), {value: undefined, done: true});
  });

  test('opens the publishing channel as the golden messages say', async () => {
    server.routes.publish = request => {
      request.requestN(10);
      request.next(Buffer.from(vector('opened').hex, 'hex'));
      request.next(Buffer.from(vector('write-credit').hex, 'hex'));
    };
    const levada = await client();
    const sent = levada.topic('t').send({key: 'N404WN', value: 'x'});
    const channel = await server.request('publish');
    await until(() => channel.batches.length);
    assert.equal(channel.batches[0].partition, 0, 'of twelve, as hashes.json says');
    channel.ack(0, 12345);
    assert.equal((await sent).offset, 12345);
    await assert.rejects(levada.topic('t').send({value: 'x'.repeat(1048576)}), {code: 'MESSAGE_TOO_LARGE'});
  });

  test('acknowledges a batch in parts as the golden messages say', async () => {
    const levada = await client();
    const sent = Array.from({length: 10}, (_, i) => levada.topic('t').send({value: 'x'.repeat(i < 7 ? 70_000 : 1)}));
    const channel = await server.request('publish');
    for (let i = 0; i < 7; i++) {
      await until(() => channel.batches.length > i);
      channel.ack(i, i);
    }
    await until(() => channel.batches.length === 8);
    assert.deepEqual([channel.batches[7].sequence, channel.batches[7].count], [7, 3]);
    channel.next(Buffer.from(vector('part-ack').hex, 'hex'));
    channel.ack(7, 20_000);
    assert.deepEqual((await Promise.all(sent)).slice(7).map(({offset}) => offset), [12345, 12346, 20_000]);
  });

  test('with another checksum fails the reading with CORRUPT_MESSAGE, behind what came before, and nothing else', async () => {
    const {levada, first, records, request} = await reading();
    const other = taking(levada.topic('other').read({from: 'earliest'}));
    const otherFirst = other.next();
    const otherRequest = await server.request('read.batched', 1);
    request.records(0, {base: 0, values: ['good']});
    const bad = batchOf({base: 1, values: ['bad']});
    bad[bad.length - 2] ^= 1;
    request.records(0, bad);
    assert.equal((await first).value.text(), 'good');
    await assert.rejects(records.next(), {code: 'CORRUPT_MESSAGE', retriable: false});
    await until(() => request.cancelled);
    otherRequest.records(0, {base: 0, values: ['unharmed']});
    assert.equal((await otherFirst).value.text(), 'unharmed');
    assert.equal(levada.state, 'open');
    assert.equal(server.connections.length, 1);
  });

  test('cut short as a message fails the reading only', async () => {
    const {levada, first, request} = await reading();
    request.next(Buffer.of(0x22, 0, 0, 0));
    await assert.rejects(first, error => error instanceof LevadaError);
    assert.equal(levada.state, 'open');
  });

  test('of a kind that is not known is ignored', async () => {
    const {first, request} = await reading();
    request.next(Buffer.of(0x7f, 0, 0, 0, 0, 1));
    request.records(0, {base: 0, values: ['a']});
    assert.equal((await first).value.text(), 'a');
  });

  test('in fragments is put together', async () => {
    const {first, request} = await reading();
    request.records(0, {base: 0, values: ['long '.repeat(5000)]}, 1000);
    assert.equal((await first).value.text(), 'long '.repeat(5000));
  });

  test('with holes in its offsets is read as it is, and gone on behind', async () => {
    const {reading: read, first, records, request} = await reading({window: 100});
    request.records(2, {base: 100, values: ['a', 'b'], deltas: [3, 5], last: 9});
    assert.deepEqual([(await first).value.offset, (await records.next()).value.offset], [103, 105]);
    assert.deepEqual(placesOf(read.token), {2: 106});
    const next = records.next();
    await until(() => placesOf(read.token)[2] === 110);
    request.records(2, {base: 110, values: [], last: 4}); // all of it was compacted away
    request.records(2, {base: 115, values: ['c']});
    assert.equal((await next).value.offset, 115);
  });
});

describe('a reading over connections', () => {
  test('asks for what is behind what came, of each partition, and tells each record once', async () => {
    server.partitions = 2;
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 100});
    const records = taking(reading);
    const first = records.next();
    const request = await server.request('read.batched');
    assert.equal(request.json.from, 'earliest');
    await until(() => request.credits.length);
    request.records(0, {base: 0, values: values(0, 1)});
    await first;
    const second = records.next();
    await until(() => request.outstanding === 2);
    request.records(1, {base: 40, values: values(40, 2)});
    assert.equal((await second).value.offset, 40);
    server.connection.drop();
    const next = records.next(); // the one that is held
    assert.equal((await next).value.offset, 41);
    const again = await server.request('read.batched', 1);
    assert.deepEqual(placesOf(again.json.from), {0: 1, 1: 42});
    const last = records.next();
    await until(() => again.credits.length);
    again.records(1, {base: 42, values: ['v42']});
    assert.equal((await last).value.offset, 42);
  });

  test('settles latest and now once', async () => {
    let durable = 5;
    server.topic = name => ({...ScriptedServer.prototype.topic.call(server, name), partitions: [{partition: 0, start: 0, end: durable, durable, bytes: 0}]});
    const levada = await client();
    const next = levada.topic('t').read({from: 'latest', to: 'now'})[Symbol.asyncIterator]().next();
    const request = await server.request('read.batched');
    assert.deepEqual([placesOf(request.json.from), placesOf(request.json.to)], [{0: 5}, {0: 5}]);
    durable = 50;
    server.connection.drop();
    const again = await server.request('read.batched', 1);
    assert.deepEqual([placesOf(again.json.from), placesOf(again.json.to)], [{0: 5}, {0: 5}]);
    again.end(0);
    again.complete();
    assert.equal((await next).done, true);
  });

  test('from a time fails, and says what to do, when the connection breaks before each partition had a record', async () => {
    server.partitions = 2;
    const levada = await client();
    const records = taking(levada.topic('t').read({from: 'time:2026-01-01T00:00:00Z', window: 10}));
    const first = records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    request.records(0, {base: 7, values: ['a']});
    assert.equal((await first).value.offset, 7);
    server.connection.drop();
    await assert.rejects(records.next(), error => error.code === 'CONNECTION_LOST' && error.retriable && /again from time:2026/.test(error.message));
  });

  test('from a time goes on when the connection breaks after each partition had a record', async () => {
    server.partitions = 2;
    const levada = await client();
    const records = taking(levada.topic('t').read({from: 'time:2026-01-01T00:00:00Z', window: 10}));
    const first = records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    request.records(0, {base: 7, values: ['a']});
    await first;
    const second = records.next();
    await until(() => request.credits.length > 1);
    request.records(1, {base: 3, values: ['b']});
    await second;
    server.connection.drop();
    const next = records.next();
    const again = await server.request('read.batched', 1);
    await until(() => again.credits.length);
    again.records(0, {base: 8, values: ['c']});
    assert.equal((await next).value.offset, 8);
  });

  test('tells of a gap that came while it was away', async () => {
    let start = 0;
    server.topic = name => ({...ScriptedServer.prototype.topic.call(server, name), partitions: [{partition: 0, start, end: 100, durable: 100, bytes: 0}]});
    const levada = await client();
    const gaps = [];
    const records = taking(levada.topic('t').read({from: 'offset:3', onGap: gap => gaps.push(gap)}));
    const next = records.next();
    await server.request('read.batched');
    start = 60;
    server.connection.drop();
    const again = await server.request('read.batched', 1);
    assert.deepEqual(placesOf(again.json.from), {0: 60});
    await until(() => again.credits.length);
    again.records(0, {base: 60, values: ['a']});
    assert.equal((await next).value.offset, 60);
    assert.deepEqual(gaps, [{topic: 't', partition: 0, from: 3, to: 60}]);
  });

  test('fails with LOG_CHANGED where the name is that of another topic now', async () => {
    const levada = await client();
    const next = quietly(levada.topic('t').read({from: 'earliest'})[Symbol.asyncIterator]().next());
    await server.request('read.batched');
    const {topic} = server;
    server.topic = name => ({...topic.call(server, name), id: 'ff'.repeat(16)});
    server.connection.drop();
    await assert.rejects(next, {code: 'LOG_CHANGED'});
  });

  test('can be taken once', async () => {
    const levada = await client();
    const reading = levada.topic('t').read();
    quietly(reading[Symbol.asyncIterator]().next());
    assert.throws(() => reading[Symbol.asyncIterator](), {code: 'INVALID_REQUEST'});
    assert.throws(() => reading.batches(), {code: 'INVALID_REQUEST'});
    assert.throws(() => reading.stream(), {code: 'INVALID_REQUEST'});
  });
});

describe('a token', () => {
  test('is told in band when it is refreshed', async () => {
    let n = 0;
    const levada = await client({token: () => `token ${++n}`});
    await levada.refresh();
    await until(() => server.connection.pushes().length);
    assert.deepEqual(server.connection.pushes(), ['token 2']);
    assert.equal(server.connections.length, 1);
  });

  test('that expired is refreshed, and the reading goes on behind what came', async () => {
    let n = 0;
    const levada = await client({token: () => `token ${++n}`});
    const records = taking(levada.topic('t').read({from: 'earliest', window: 4}));
    const first = records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    request.records(0, {base: 0, values: ['a']});
    assert.equal((await first).value.text(), 'a');
    request.error('TOKEN_EXPIRED', 'log in again', false);
    const next = records.next();
    const again = await server.request('read.batched', 1);
    assert.deepEqual(server.connection.pushes(), ['token 2']);
    const types = server.connection.frames.map(({type, id}) => `${type} ${id}`);
    assert.ok(types.indexOf('METADATA_PUSH 0') < types.indexOf(`REQUEST_CHANNEL ${again.id}`), 'the token comes before what needs it');
    assert.deepEqual(placesOf(again.json.from), {0: 1});
    await until(() => again.credits.length);
    again.records(0, {base: 1, values: ['b']});
    assert.equal((await next).value.text(), 'b');
  });

  test('that expires again and again is not asked for in a hot loop', async () => {
    let n = 0;
    server.routes['read.batched'] = request => request.error('TOKEN_EXPIRED', 'log in again');
    const levada = await client({token: () => `token ${++n}`});
    const next = quietly(levada.topic('t').read({from: 'earliest'})[Symbol.asyncIterator]().next());
    await until(() => n > 1);
    await after(500);
    assert.ok(n < 20, `${n} tokens in half a second`);
  });

  test('that cannot be had any more fails the reading or is tried again, and nothing else', async () => {
    let n = 0;
    const unhandled = [];
    const hear = error => unhandled.push(error);
    process.on('unhandledRejection', hear);
    try {
      const levada = await client({token: () => {
        if (++n > 1) throw new Error('the identity provider is away');
        return 'token 1';
      }});
      const next = quietly(levada.topic('t').read({from: 'earliest'})[Symbol.asyncIterator]().next());
      const request = await server.request('read.batched');
      request.error('TOKEN_EXPIRED', 'log in again');
      const outcome = await Promise.race([next.then(() => 'record', error => error), until(() => server.of('read.batched').length > 1 || n > 2).then(() => 'tried again')]);
      assert.ok(outcome === 'tried again' || outcome instanceof Error, String(outcome));
      await after(50);
    } finally {
      process.off('unhandledRejection', hear);
    }
    assert.deepEqual(unhandled.map(String), []);
  });
});
