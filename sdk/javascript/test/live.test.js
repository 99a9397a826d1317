// What the README promises of reading and publishing, at a real server.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {describe} from 'node:test';
import {LevadaError} from '../levada.js';
import {client, collect, fresh, live, numbered, pause, publish, randomOf, reconnected, subscribed, take, texts, topic} from './live-client.js';
import {never, until} from './scripted-server.js';

describe('records', () => {
  live('are read in each of the ways to take a reading', async () => {
    const {topic: t} = await topic();
    await publish(t, numbered(500));
    const want = Array.from({length: 500}, (_, i) => String(i));
    const read = () => t.read({from: 'earliest', to: 'now'});

    assert.deepEqual(texts(await collect(read())), want);

    const batches = await collect(read().batches());
    assert.ok(batches.length >= 1);
    assert.deepEqual(batches.flatMap(batch => texts([...batch])), want);
    assert.equal(batches.reduce((sum, batch) => sum + batch.count, 0), 500);

    const streamed = [];
    const reader = read().stream().getReader();
    for (let step; !(step = await reader.read()).done;) streamed.push(step.value.text());
    assert.deepEqual(streamed, want);

    const called = [];
    let busy = 0;
    await new Promise((complete, error) => read().forEach(async record => {
      assert.equal(busy++, 0, 'a promise that it returns is waited for');
      await null;
      busy--;
      called.push(record.text());
    }, {error, complete}));
    assert.deepEqual(called, want);
  });

  live('are read as they were given: keys, values, headers, times, partitions', async () => {
    const {topic: t, name} = await topic(3);
    const binary = Uint8Array.of(0, 1, 0xff, 0x80, 0xfe);
    const given = [
      {key: 'text', value: 'schlüssel', partition: 0, timestamp: 1234567890123},
      {key: binary, value: binary, partition: 0},
      {key: null, value: null, partition: 0},
      {value: {a: [1, null, 'x']}, partition: 0},
      {value: 17, partition: 0},
      {key: '', value: '', partition: 0},
      {value: 'h', partition: 0, headers: {once: 'a', twice: ['b', 'c'], none: null, bytes: binary, json: {n: 1}}},
      {value: 'elsewhere', partition: 2},
    ];
    const acks = await publish(t, given);
    assert.deepEqual(acks.map(({topic: of, partition, offset}) => [of, partition, offset]).sort(), [...[0, 1, 2, 3, 4, 5, 6].map(i => [name, 0, i]), [name, 2, 0]].sort());
    const records = await collect(t.read({from: 'earliest', to: 'now', partition: 0}));
    const [text, bytes, nothing, json, number, empty, headers] = records;
    assert.deepEqual([text.keyText, text.text(), text.timestamp, text.topic, text.partition], ['text', 'schlüssel', 1234567890123, name, 0]);
    assert.deepEqual([new Uint8Array(bytes.key), new Uint8Array(bytes.value)], [binary, binary]);
    assert.ok(Math.abs(bytes.timestamp - Date.now()) < 60_000);
    assert.deepEqual([nothing.key, nothing.value, nothing.json()], [null, null, null]);
    assert.deepEqual(json.json(), {a: [1, null, 'x']});
    assert.deepEqual([number.text(), number.json()], ['17', 17]);
    assert.deepEqual([empty.key.length, empty.value.length], [0, 0]);
    assert.deepEqual(headers.headers.map(({key, value}) => [key, value && Buffer.from(value).toString('latin1')]),
      [['once', 'a'], ['twice', 'b'], ['twice', 'c'], ['none', null], ['bytes', '\0\x01\xff\x80\xfe'], ['json', '{"n":1}']]);
    assert.equal(headers.header('twice'), 'b');
    assert.equal(headers.header('missing'), null);
    assert.deepEqual(JSON.parse(JSON.stringify(headers)), {topic: name, partition: 0, offset: 6, timestamp: headers.timestamp, key: null, value: 'h',
      headers: {once: 'a', twice: ['b', 'c'], none: null, bytes: {base64: 'AAH/gP4='}, json: '{"n":1}'}});
    assert.deepEqual(JSON.parse(JSON.stringify(bytes)).key, {base64: 'AAH/gP4='});
  });

  live('with a key go where Kafka would put them', async () => {
    const {topic: t} = await topic(12);
    const acks = [await t.send({key: 'N404WN', value: 1}), await t.send({key: 'schlüssel', value: 2}), await t.send({key: 'a', value: 3}), await t.send({key: 'abcd', value: 4})];
    assert.deepEqual(acks.map(({partition}) => partition), [0, 0, 4, 8]);
  });

  live('without a key are spread over the partitions', async () => {
    const {topic: t} = await topic(4);
    const used = new Set();
    for (let i = 0; i < 40; i++) used.add((await t.send({value: i})).partition);
    assert.ok(used.size > 1, `${[...used]}`);
  });
});

describe('a place to read from', () => {
  live('is earliest, latest, an offset, a time or a token', async () => {
    const {topic: t, levada, name} = await topic();
    await publish(t, Array.from({length: 20}, (_, i) => ({value: String(i), timestamp: Date.UTC(2026, 0, 1) + 60_000 * i})));
    const first = async options => {
      const [record] = await collect(t.read(options), 1);
      return record?.offset;
    };
    assert.equal(await first({from: 'earliest'}), 0);
    assert.equal(await first({from: 'offset:7'}), 7);
    assert.equal(await first({from: 'time:2026-01-01T00:05:30Z'}), 6);
    const latest = t.read({from: 'latest'})[Symbol.asyncIterator]();
    const unsaid = t.read()[Symbol.asyncIterator]();
    const [a, b] = [latest.next(), unsaid.next()];
    await subscribed(levada, {topic: name}, () => true, 2);
    await t.send({value: 'new'});
    assert.deepEqual([(await a).value.text(), (await b).value.text()], ['new', 'new']);
    await latest.return();
    await unsaid.return();

    const reading = t.read({from: 'earliest'});
    assert.deepEqual(texts(await collect(reading, 5)), ['0', '1', '2', '3', '4']);
    assert.equal(await first({from: reading.token}), 5);
    const elsewhere = (await client()).topic(name);
    assert.equal((await collect(elsewhere.read({from: reading.token}), 1))[0].offset, 5, 'over another connection');
  });

  live('is a token of many partitions, wherever the loop was left', async () => {
    const {topic: t} = await topic(5);
    await publish(t, Array.from({length: 1000}, (_, i) => ({value: String(i), partition: i % 5})));
    const seen = [];
    let token;
    for (let n = 1; seen.length < 1000; n = n * 2 + 1) {
      const reading = t.read({from: token ?? 'earliest', to: 'now'});
      const some = await collect(reading, n);
      assert.ok(some.length, `${seen.length} read`);
      seen.push(...texts(some));
      ({token} = reading);
    }
    assert.deepEqual(seen.map(Number).sort((x, y) => x - y), Array.from({length: 1000}, (_, i) => i));
  });

  live('is a token, also of a reading from a time of which not every partition has come', async () => {
    const {topic: t} = await topic(2);
    const old = Date.UTC(2020, 0, 1);
    await publish(t, [0, 1].flatMap(partition => Array.from({length: 5}, (_, i) => ({value: `old ${partition} ${i}`, partition, timestamp: old}))));
    await publish(t, [0, 1].flatMap(partition => Array.from({length: 5}, (_, i) => ({value: `new ${partition} ${i}`, partition}))));
    const reading = t.read({from: 'time:2024-01-01T00:00:00Z', to: 'now'});
    const seen = [];
    let {token} = reading;
    for await (const record of reading) {
      seen.push(record);
      ({token} = reading);
      if (token) break;
    }
    const rest = texts(await collect(t.read({from: token, to: 'now'})));
    assert.deepEqual([...texts(seen), ...rest].filter(text => text.startsWith('old')), [], 'what lies before the time was not asked for');
    assert.equal(seen.length + rest.length, 10);
  });

  live('that does not exist, or makes no sense, is refused', async () => {
    const {topic: t, levada} = await topic();
    await assert.rejects(collect(t.read({from: 'yesterday'})), error => error instanceof LevadaError && error.code === 'INVALID_REQUEST');
    await assert.rejects(collect(t.read({from: 'offset:x'})), {code: 'INVALID_REQUEST'});
    await assert.rejects(collect(t.read({from: 'earliest', partition: 7})), {code: 'UNKNOWN_TOPIC_OR_PARTITION'});
    await assert.rejects(collect(levada.topic(fresh('none')).read({from: 'earliest'})), {code: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: false});
    assert.equal(levada.state, 'open');
  });

  live('is no token that is damaged', async () => {
    const {topic: t} = await topic();
    for (const from of ['t1.AAAA', 't1.', 't1.%%%', 't1.A']) {
      const outcome = await Promise.race([collect(t.read({from}), 1).then(() => 'read', error => error.code), pause(3000, 'waits on')]);
      assert.equal(outcome, 'INVALID_REQUEST', from);
    }
  });
});

describe('an end', () => {
  live('is now, an offset, a time or a token', async () => {
    const {topic: t} = await topic(2);
    await publish(t, Array.from({length: 20}, (_, i) => ({value: String(i), partition: i % 2, timestamp: Date.UTC(2026, 0, 1) + 60_000 * i})));
    const count = async options => (await collect(t.read({from: 'earliest', ...options}))).length;
    assert.equal(await count({to: 'now'}), 20);
    assert.equal(await count({to: 'offset:3'}), 6);
    assert.equal(await count({to: 'offset:3', partition: 1}), 3);
    assert.equal(await count({to: 'time:2026-01-01T00:10:00Z'}), 10);
    const reading = t.read({from: 'earliest'});
    const taken = await collect(reading, 7);
    const until = reading.token;
    const again = (await collect(t.read({from: 'earliest', to: until}), 7)).map(record => `${record.partition}:${record.offset}`);
    assert.deepEqual(again.sort(), taken.map(record => `${record.partition}:${record.offset}`).sort());
  });

  live('of what is empty is there at once, and records that come later are no part of what is now', async () => {
    const {topic: t} = await topic(3);
    assert.deepEqual(await collect(t.read({from: 'earliest', to: 'now'})), []);
    await publish(t, numbered(10));
    const reading = t.read({from: 'earliest', to: 'now', window: 1});
    const records = reading[Symbol.asyncIterator]();
    await records.next();
    await publish(t, numbered(10, 10));
    let n = 1;
    while (!(await records.next()).done) n++;
    assert.equal(n, 10);
  });

  live('frees its channel: a connection may read to an end as often as it likes', async () => {
    const {topic: t} = await topic();
    await publish(t, numbered(3));
    for (let i = 0; i < 300; i++) assert.equal((await collect(t.read({from: 'earliest', to: 'now'}))).length, 3);
    for (let i = 0; i < 300; i++) assert.equal((await collect(t.read({from: 'earliest'}), 1)).length, 1);
  });
});

describe('a filter', () => {
  live('leaves out at the server what is not wanted, and the token passes it', async () => {
    const {topic: t} = await topic();
    await publish(t, Array.from({length: 300}, (_, i) => ({key: `k${i % 3}`, value: String(i), headers: {kind: i % 2 ? 'odd' : 'even', page: `p-${i}`}})));
    const read = filter => collect(t.read({from: 'earliest', to: 'now', filter}));
    assert.equal((await read({key: 'k1'})).length, 100);
    assert.equal((await read({key: ['k0', 'k2']})).length, 200);
    assert.equal((await read({key: {prefix: 'k'}})).length, 300);
    assert.equal((await read({headers: {kind: 'odd'}})).length, 150);
    assert.equal((await read({key: 'k1', headers: {kind: 'odd', page: {prefix: 'p-1'}}})).length,
      Array.from({length: 300}, (_, i) => i).filter(i => i % 3 === 1 && i % 2 && String(i).startsWith('1')).length);
    assert.equal((await read({key: 'nobody'})).length, 0);

    const reading = t.read({from: 'earliest', filter: {key: 'nobody'}});
    const next = reading[Symbol.asyncIterator]();
    const pending = next.next();
    const placed = token => token ? Buffer.from(token.slice(3), 'base64url') : [];
    await until(() => placed(reading.token).length === 44, 'the token to name the partition');
    assert.equal(placed(reading.token).readBigInt64BE(36), 300n, 'behind what is not wanted');
    await next.return();
    assert.equal((await pending).done, true);
  });

  live('that is wrong is refused', async () => {
    const {topic: t} = await topic();
    await assert.rejects(collect(t.read({filter: {value: 'x'}})), {code: 'INVALID_REQUEST'});
  });
});

describe('overflow', () => {
  /** A reading that has taken one record and permits nothing, while others come. */
  async function behind(overflow, keys = () => undefined) {
    const made = await topic();
    const dropped = [];
    const reading = made.topic.read({from: 'latest', overflow, window: 1, onDropped: what => dropped.push(what)});
    const records = reading[Symbol.asyncIterator]();
    const first = records.next();
    await subscribed(made.levada, {topic: made.name}, ({demand}) => demand === 1);
    await made.topic.send({value: '0'});
    assert.equal((await first).value.text(), '0');
    await publish(made.topic, Array.from({length: 100}, (_, i) => ({key: keys(i), value: String(i + 1)})));
    return {...made, reading, records, dropped};
  }

  live('pause loses nothing', async () => {
    const {records} = await behind('pause');
    for (let i = 1; i <= 100; i++) assert.equal((await records.next()).value.text(), String(i));
  });

  live('drop leaves out what came, and says which', async () => {
    const {topic: t, levada, name, records, dropped} = await behind('drop');
    const next = records.next();
    await subscribed(levada, {topic: name}, ({demand, lag}) => demand === 1 && lag === 0);
    await t.send({value: 'later'});
    assert.equal((await next).value.text(), 'later');
    assert.deepEqual(dropped, [{topic: name, partition: 0, from: 1, to: 101}]);
    const again = texts(await collect(t.read({from: `offset:${dropped[0].from}`, to: `offset:${dropped[0].to}`})));
    assert.equal(again.length, 100, 'what was dropped can be read');
  });

  live('latest leaves out all but the last', async () => {
    const {records, dropped} = await behind('latest');
    assert.equal((await records.next()).value.text(), '100');
    assert.deepEqual(dropped, []);
  });

  live('conflate leaves out all but the last of each key', async () => {
    const {records, topic: t} = await behind('conflate', i => 'abc'[i % 3]);
    const got = [];
    for (let i = 0; i < 3; i++) got.push((await records.next()).value);
    assert.deepEqual(got.map(record => [record.keyText, record.text()]), [['b', '98'], ['c', '99'], ['a', '100']]);
    const next = records.next();
    await t.send({key: 'd', value: 'end'});
    assert.equal((await next).value.text(), 'end');
  });

  live('disconnect ends a reading that is too slow', async () => {
    const {records} = await behind('disconnect:10');
    await assert.rejects((async () => {
      for (;;) await records.next();
    })(), {code: 'SLOW_CONSUMER'});
  });
});

describe('a gap', () => {
  /** A reading that took a record, and what was before it in the log and was not taken is gone. */
  async function gapped(options) {
    const made = await topic();
    await publish(made.topic, numbered(50));
    const reading = made.topic.read({from: 'earliest', window: 1, ...options});
    const records = reading[Symbol.asyncIterator]();
    assert.equal((await records.next()).value.offset, 0);
    assert.deepEqual(await made.levada.topics.deleteRecords({name: made.name, partition: 0, beforeOffset: 20}), {start: 20});
    return {...made, reading, records};
  }

  for (const [how, then] of Object.entries({'under a slow reading': () => {}, 'while it was away': ({levada}) => reconnected(levada)})) {
    live(`that is made ${how} is told to who wants to know, and gone on behind`, async () => {
      const gaps = [];
      const made = await gapped({onGap: gap => gaps.push(gap)});
      await then(made);
      assert.deepEqual((await take(made.records, 30)).map(({offset}) => offset), Array.from({length: 30}, (_, i) => 20 + i));
      assert.deepEqual(gaps, [{topic: made.name, partition: 0, from: 1, to: 20}]);
    });

    live(`that is made ${how} fails who does not, and says where to go on`, async () => {
      const made = await gapped();
      await then(made);
      await assert.rejects(take(made.records, 1), error => {
        assert.ok(error instanceof LevadaError);
        assert.deepEqual([error.code, error.topic, error.partition, error.from, error.to], ['OFFSET_OUT_OF_RANGE', made.name, 0, 1, 20]);
        assert.match(error.message, /offset:20/);
        return true;
      });
    });
  }

  live('between a token and what is kept is told to who wants to know', async () => {
    const {reading, records, topic: t, name} = await gapped();
    const {token} = reading;
    await records.return();
    const gaps = [];
    const [first] = await collect(t.read({from: token, onGap: gap => gaps.push(gap)}), 1);
    assert.equal(first.offset, 20);
    assert.deepEqual(gaps, [{topic: name, partition: 0, from: 1, to: 20}]);
    await assert.rejects(collect(t.read({from: token}), 1), {code: 'OFFSET_OUT_OF_RANGE', partition: 0, from: 1, to: 20});
  });

  live('is none for who begins at the earliest; an offset that is not kept is out of range', async () => {
    const {topic: t} = await gapped();
    assert.equal((await collect(t.read({from: 'earliest', to: 'now'})))[0].offset, 20);
    await assert.rejects(collect(t.read({from: 'offset:5'})), {code: 'OFFSET_OUT_OF_RANGE'});
    await assert.rejects(collect(t.read({from: 'offset:500'})), {code: 'OFFSET_OUT_OF_RANGE'});
  });
});

describe('a reading whose connection is dropped', () => {
  live('goes on without gap or duplicate', async () => {
    const {topic: t, levada} = await topic(2);
    await publish(t, Array.from({length: 2000}, (_, i) => ({value: String(i), partition: i % 2})));
    const seen = [[], []];
    let n = 0;
    for await (const record of t.read({from: 'earliest', to: 'now'})) {
      seen[record.partition].push(record.offset);
      if (++n % 97 === 0) levada.reconnect();
    }
    for (const offsets of seen) assert.deepEqual(offsets, Array.from({length: 1000}, (_, i) => i));
  });

  live('from a time goes on where nothing had come yet', async () => {
    const {topic: t, levada, name} = await topic(2);
    await t.send({value: 'old', partition: 0, timestamp: Date.UTC(2020, 0, 1)});
    const records = t.read({from: 'time:2024-01-01T00:00:00Z'})[Symbol.asyncIterator]();
    const next = records.next();
    await subscribed(levada, {topic: name});
    await reconnected(levada);
    await subscribed(levada, {topic: name});
    await t.send({value: 'new', partition: 1});
    assert.equal((await next).value.text(), 'new');
  });

  live('from a time goes on where only some partitions had a record', async () => {
    const {topic: t, levada} = await topic(2);
    await t.send({value: 'old', partition: 1, timestamp: Date.UTC(2020, 0, 1)});
    await t.send({value: 'new', partition: 0});
    const records = t.read({from: 'time:2024-01-01T00:00:00Z'})[Symbol.asyncIterator]();
    assert.equal((await records.next()).value.text(), 'new');
    const next = records.next();
    await reconnected(levada);
    await t.send({value: 'newer', partition: 1});
    assert.equal((await next).value.text(), 'newer', 'neither what had come, nor what lies before the time');
  });

  live('fails with LOG_CHANGED where its topic is another one', async () => {
    const {topic: t, levada, name} = await topic();
    await publish(t, numbered(5));
    const records = t.read({from: 'earliest'})[Symbol.asyncIterator]();
    await records.next();
    const failed = assert.rejects((async () => { while (!(await records.next()).done); })(), error => /LOG_CHANGED|UNKNOWN_TOPIC_OR_PARTITION/.test(error.code));
    await levada.topics.delete(name);
    await levada.topics.create({name});
    await reconnected(levada);
    await failed;
    await assert.rejects(collect(t.read({from: 'earliest', to: 'now'}), 1).then(() => { throw new LevadaError('LOG_CHANGED', 'the control: the new topic can be read'); }), {code: 'LOG_CHANGED'});
  });
});

describe('publishing', () => {
  live('takes iterables and async iterables, and tells where each record is', async () => {
    const {topic: t, name} = await topic();
    async function *slowly() {
      for (let i = 0; i < 5; i++) {
        await null;
        yield {value: `async ${i}`};
      }
    }
    const acks = [...await publish(t, numbered(5)), ...await publish(t, slowly()), ...await publish(t, new Set([{value: 'of a set'}]))];
    assert.deepEqual(acks.map(({topic: of, partition, offset}) => [of, partition, offset]), Array.from({length: 11}, (_, i) => [name, 0, i]));
    assert.ok(acks.every(({timestamp}) => Math.abs(timestamp - Date.now()) < 60_000));
    assert.deepEqual(await publish(t, []), []);
    assert.equal((await collect(t.read({from: 'earliest', to: 'now'}))).length, 11);
  });

  live('compresses with gzip, and reads what it compressed', async () => {
    const {topic: t, levada, name} = await topic();
    const value = 'a text that repeats itself, '.repeat(20);
    await publish(t, Array.from({length: 5000}, (_, i) => ({key: `k${i}`, value: value + i, headers: {n: String(i)}})), {codec: 'gzip'});
    const records = await collect(t.read({from: 'earliest', to: 'now'}));
    assert.equal(records.length, 5000);
    records.forEach((record, i) => assert.deepEqual([record.offset, record.keyText, record.text(), record.header('n')], [i, `k${i}`, value + i, String(i)]));
    const {partitions: [{bytes}]} = await levada.topics.describe(name);
    assert.ok(bytes < 5000 * value.length / 5, `${bytes} bytes are stored`);
    const few = t.read({from: 'offset:1234', window: 3});
    assert.deepEqual((await collect(few, 10)).map(({offset}) => offset), Array.from({length: 10}, (_, i) => 1234 + i), 'cut, by a small window');
  });

  live('with a codec that there is not is refused', async () => {
    const {topic: t} = await topic();
    for (const codec of ['zip', 'zstd']) await assert.rejects(publish(t, numbered(1), {codec}), {code: 'INVALID_REQUEST'});
  });

  live('takes records nearly as large as may be, in fragments, and refuses larger ones', async () => {
    const {topic: t} = await topic();
    const large = randomBytes(1_048_576 - 100);
    const {offset} = await t.send({value: large});
    const [record] = await collect(t.read({from: `offset:${offset}`}), 1);
    assert.ok(Buffer.from(record.value).equals(large));
    await assert.rejects(t.send({value: randomBytes(1_048_576)}), {code: 'MESSAGE_TOO_LARGE', retriable: false});
    assert.equal((await t.send({value: 'goes on'})).offset, offset + 1);
    const many = await publish(t, Array.from({length: 20}, () => ({value: large})));
    assert.equal(many.length, 20);
    let n = 0;
    for await (const each of t.read({from: `offset:${offset + 2}`, to: 'now'})) {
      assert.equal(each.value.length, large.length);
      n++;
    }
    assert.equal(n, 20);
  });

  live('of a mix of large and small records keeps their order', async () => {
    const {topic: t} = await topic();
    const sizes = Array.from({length: 200}, (_, i) => i % 17 === 0 ? 300_000 : i % 5 === 0 ? 20_000 : 10);
    await publish(t, sizes.map((size, i) => ({value: `${i}:`.padEnd(size, 'x')})));
    const read = texts(await collect(t.read({from: 'earliest', to: 'now'})));
    assert.deepEqual(read.map(text => [parseInt(text), text.length]), sizes.map((size, i) => [i, Math.max(size, `${i}:`.length)]));
  });

  live('to what is not there is refused', async () => {
    const {topic: t, levada} = await topic(2);
    await assert.rejects(t.send({value: 'a', partition: 2}), {code: 'UNKNOWN_TOPIC_OR_PARTITION'});
    await assert.rejects(publish(t, [{value: 'a'}], {partition: 5}), {code: 'UNKNOWN_TOPIC_OR_PARTITION'});
    await assert.rejects(levada.topic(fresh('none')).send({value: 'a'}), {code: 'UNKNOWN_TOPIC_OR_PARTITION'});
    assert.equal((await t.send({value: 'a', partition: 1})).partition, 1);
    assert.equal((await publish(t, [{value: 'a'}], {partition: 1}))[0].partition, 1);
  });

  live('ends with its signal', async () => {
    const {topic: t} = await topic();
    const aborts = new AbortController();
    async function *forever() {
      for (let i = 0; ; i++) {
        yield {value: String(i)};
        if (i % 100 === 0) await new Promise(setImmediate);
      }
    }
    let n = 0;
    await assert.rejects((async () => {
      for await (const ack of t.publish(forever(), {signal: aborts.signal})) {
        assert.equal(ack.offset, n);
        if (++n === 500) aborts.abort();
      }
    })(), error => error instanceof LevadaError);
    assert.ok(n >= 500);
  });

  live('goes to more topics than a connection may have requests', async () => {
    const levada = await client();
    for (let n = 0; n < 150; n++) {
      const name = fresh('many');
      await levada.topics.create({name});
      assert.equal((await levada.topic(name).send({value: String(n)})).offset, 0);
    }
  });

  live('of a thousand at a time, by themselves, is in order', async () => {
    const {topic: t} = await topic();
    const acks = await Promise.all(Array.from({length: 1000}, (_, i) => t.send({value: String(i)})));
    assert.deepEqual(acks.map(({offset}) => offset), Array.from({length: 1000}, (_, i) => i));
    assert.deepEqual(texts(await collect(t.read({from: 'earliest', to: 'now'}))), Array.from({length: 1000}, (_, i) => String(i)));
  });
});

describe('100,000 records', () => {
  live('go through connections that break at random: no gap, no duplicate, in the order of each partition', async context => {
    const seed = Number(process.env.LEVADA_SEED ?? Math.floor(Math.random() * 2 ** 31));
    context.diagnostic(`LEVADA_SEED=${seed}`);
    const random = randomOf(seed);
    const total = 100_000;
    const partitions = 4;
    const {levada: writer, topic: t, name} = await topic(partitions);
    const reader = await client();
    const given = Array.from({length: partitions}, () => []);
    async function *source() {
      for (let i = 0; i < total; i++) {
        const partition = Math.floor(random() * partitions);
        given[partition].push(i);
        yield {value: `${i} `.padEnd(100, '.'), partition};
        if (i % 200 === 0) await pause(10); // so that it takes some reconnects
      }
    }
    let reconnects = 0;
    let over = false;
    const breaking = Promise.all([writer, reader].map(async levada => {
      // A connection that lasted for a second does not make the next one wait longer.
      for (; !over; reconnects++) {
        await pause(1100 + random() * 500);
        if (!over) await reconnected(levada);
      }
    }));

    const acked = Array.from({length: partitions}, () => []);
    const writing = (async () => {
      for await (const {partition, offset} of t.publish(source(), {window: 2000})) acked[partition].push(offset);
    })();
    const seen = Array.from({length: partitions}, () => []);
    const offsets = Array.from({length: partitions}, () => -1);
    let n = 0;
    for await (const record of reader.topic(name).read({from: 'earliest'})) {
      assert.ok(record.offset > offsets[record.partition], `offset ${record.offset} behind ${offsets[record.partition]} of partition ${record.partition}, LEVADA_SEED=${seed}`);
      offsets[record.partition] = record.offset;
      seen[record.partition].push(parseInt(record.text()));
      if (++n === total) break;
    }
    await writing;
    over = true;
    await breaking;
    context.diagnostic(`${reconnects} reconnects`);
    for (let p = 0; p < partitions; p++) {
      assert.deepEqual(seen[p], given[p], `partition ${p}, LEVADA_SEED=${seed}`);
      assert.deepEqual(acked[p], given[p].map((_, i) => i), `acknowledgements of partition ${p}, LEVADA_SEED=${seed}`);
    }
    assert.ok(reconnects >= 5, `the control: ${reconnects} reconnects`);
    const {partitions: told} = await reader.topics.describe(name);
    assert.equal(told.reduce((sum, {end}) => sum + end, 0), total);
  }, 180_000);
});

describe('administration', () => {
  live('of topics', async () => {
    const levada = await client();
    const name = fresh('admin');
    const created = await levada.topics.create({name, partitions: 2, config: {'retention.ms': '3600000'}});
    assert.equal(created.name, name);
    assert.deepEqual(created.partitions.map(({partition, start, end}) => [partition, start, end]), [[0, 0, 0], [1, 0, 0]]);
    assert.equal(created.config['retention.ms'], '3600000');
    await assert.rejects(levada.topics.create({name}), {code: 'TOPIC_ALREADY_EXISTS', retriable: false});
    await assert.rejects(levada.topics.create({name: 'no good / name'}), {code: 'INVALID_TOPIC_EXCEPTION'});
    assert.ok((await levada.topics.list()).includes(name));
    assert.equal((await levada.topics.describe(name)).id, created.id);
    const altered = await levada.topics.alter({name, partitions: 3, config: {'retention.ms': '7200000'}});
    assert.deepEqual([altered.partitions.length, altered.config['retention.ms']], [3, '7200000']);
    assert.deepEqual(await levada.topics.delete(name), {});
    assert.ok(!(await levada.topics.list()).includes(name));
    await assert.rejects(levada.topics.describe(name), {code: 'UNKNOWN_TOPIC_OR_PARTITION'});
    await assert.rejects(levada.topics.create({name, partition: 3}), {code: 'INVALID_REQUEST'});
  });

  live('of groups', async () => {
    const {levada, topic: t, name} = await topic();
    await publish(t, numbered(10));
    const group = fresh('g');
    for await (const assignment of levada.group(group).subscribe(name)) {
      for await (const record of assignment) {
        assignment.ack(record);
        if (record.offset === 4) break;
      }
      break;
    }
    assert.ok((await levada.groups.list()).includes(group));
    const described = await levada.groups.describe(group);
    assert.deepEqual([described.group, described.members, described.offsets.map(({topic: of, partition, committed, end, lag}) => [of, partition, committed, end, lag])],
      [group, [], [[name, 0, 5, 10, 5]]]);
    const reset = await levada.groups.reset({group, topic: name, to: 'offset:2'});
    assert.equal(reset.offsets[0].committed, 2);
    assert.deepEqual(await levada.groups.delete(group), {});
    assert.ok(!(await levada.groups.list()).includes(group));
  });

  live('tells how subscriptions stand', async () => {
    const {levada, topic: t, name} = await topic();
    await publish(t, numbered(10));
    const records = t.read({from: 'earliest', window: 1, label: 'the slow one'})[Symbol.asyncIterator]();
    await records.next();
    let n = 0;
    for await (const {count, lag, subscriptions} of levada.stats({topic: name, intervalMs: 100})) {
      assert.equal(count, 1);
      assert.equal(subscriptions[0].topic, name);
      assert.ok(subscriptions[0].demand <= 1);
      if (subscriptions[0].waits === 'NO_DEMAND') assert.equal(lag, 9);
      if (++n === 3) break;
    }
    await records.return();
    for await (const {count} of levada.stats({topic: name, intervalMs: 100})) if (count === 0) break;
  });
});

describe('many readings of one connection', () => {
  live('do not hold each other up', async () => {
    const {topic: t} = await topic();
    await publish(t, numbered(20_000));
    const stuck = t.read({from: 'earliest'})[Symbol.asyncIterator]();
    await stuck.next(); // and never again
    const counts = await Promise.all(Array.from({length: 20}, async () => (await collect(t.read({from: 'earliest', to: 'now'}))).length));
    assert.deepEqual(counts, Array.from({length: 20}, () => 20_000));
  });

  live('are ended by close()', async () => {
    const {topic: t, levada, name} = await topic();
    const readings = Array.from({length: 5}, () => t.read()[Symbol.asyncIterator]().next());
    const failed = Promise.all(readings.map(next => assert.rejects(next, {code: 'GOING_AWAY'})));
    await subscribed(levada, {topic: name}, () => true, 5);
    await levada.close();
    await failed;
    const other = await client();
    for await (const {count} of other.stats({topic: name, intervalMs: 100})) if (count === 0) break;
    await never(() => levada.state !== 'closed');
  });
});
