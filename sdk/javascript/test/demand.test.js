// What a reading permits the server to send, message by message.
import assert from 'node:assert/strict';
import {afterEach, beforeEach, describe, mock} from 'node:test';
import {after, client, feed, placesOf, quietly, server, take, taking, test, values} from './scripted-client.js';
import {batchOf, never, until} from './scripted-server.js';

describe('demand', () => {
  test('is none before the first record is asked for', async () => {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest'});
    const records = taking(reading);
    await never(() => server.connection.requests.length, 'a request before anything was asked for');
    assert.equal(reading.demand, 0);
    records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    assert.equal(request.creditRecords, 1);
  });

  test('is none before the first pull of a stream', async () => {
    const levada = await client();
    const reader = levada.topic('t').read({from: 'earliest'}).stream().getReader();
    await never(() => server.connection.requests.length, 'a request before anything was asked for');
    quietly(reader.read());
    await server.request('read.batched');
  });

  test('with a window of one is one record at a time, and only when it is asked for', async () => {
    const levada = await client();
    const records = taking(levada.topic('t').read({from: 'earliest', window: 1}));
    let next = records.next();
    const request = await server.request('read.batched');
    for (let n = 1; n <= 30; n++) {
      await until(() => request.creditRecords === n, `credit for record ${n}`);
      if (n < 3) await never(() => request.creditRecords > n, 'permitted before the one before was taken', 30);
      request.records(0, {base: n - 1, values: ['x']});
      assert.equal((await next).value.offset, n - 1);
      if (n < 3) await never(() => request.creditRecords > n, 'permitted before it was asked for', 30);
      next = records.next();
    }
    assert.ok(request.credits.every(credit => credit.records <= 1));
  });

  /** Lets the loop take all that was permitted at once, again and again: the demand each time it waited, and its last promise. */
  async function demands(reading, records, next, request, rounds, between = () => {}) {
    const waits = [];
    let offset = 0;
    while (waits.length < rounds) {
      await until(() => request.outstanding > 0 && request.outstanding === reading.demand, 'all that is permitted to be known to the server');
      waits.push(reading.demand);
      between();
      const n = request.outstanding;
      request.records(0, {base: offset, values: values(offset, n)});
      for (let i = 0; i < n; i++, next = records.next()) assert.equal((await next).value.offset, offset++);
    }
    return {waits, next, offset};
  }

  for (const window of [1, 2, 7, 64]) {
    test(`is never more than a window of ${window}`, async () => {
      const levada = await client();
      const reading = levada.topic('t').read({from: 'earliest', window});
      const records = taking(reading);
      const first = records.next();
      const request = await server.request('read.batched');
      const {next: pending, offset} = await demands(reading, records, first, request, 10);
      let most = 0;
      feed(request, {base: offset, size: window});
      let next = pending;
      for (let taken = offset; taken < offset + 20 * window; next = records.next()) {
        assert.equal((await next).value.offset, taken);
        // What is being taken still counts against the window.
        assert.ok(request.creditRecords - taken <= window, `${request.creditRecords} permitted, ${taken} taken`);
        assert.ok(reading.demand <= window && reading.held <= reading.demand, `held ${reading.held}, demand ${reading.demand}`);
        most = Math.max(most, reading.demand + 1);
        if (++taken % 5 === 0) await new Promise(setImmediate);
      }
      assert.equal(most, window, 'the control: the window is used');
    });
  }

  test('doubles each time the loop waits with everything spent, up to the window', async () => {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 64});
    const records = taking(reading);
    const first = records.next();
    const request = await server.request('read.batched');
    assert.deepEqual((await demands(reading, records, first, request, 9)).waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
  });

  test('grows to the window of a quick loop where records come one by one from far away', async () => {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 64});
    let taken = 0;
    reading.forEach(() => { taken++; }, {error: () => {}});
    const request = await server.request('read.batched');
    let offset = 0;
    let most = 0;
    const later = n => setTimeout(() => {
      for (; n > 0; n--) request.records(0, {base: offset++, values: ['x']});
    }, 20);
    request.onPayload = bytes => {
      most = Math.max(most, reading.demand);
      later(Number(bytes.readBigInt64BE(1)));
    };
    for (const {records} of request.credits) later(records);
    await until(() => taken > 500, 'records', 10_000);
    assert.ok(most > 32, `after ${taken} records, for each of which the loop had to wait, ${most} of 64 are permitted`);
  });

  test('stays where the loop waits for what was permitted, as at the end of a topic', async () => {
    let skewMs = 0;
    const {now} = Date;
    mock.method(Date, 'now', () => now() + skewMs);
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 64});
    const records = taking(reading);
    let next = records.next();
    const request = await server.request('read.batched');
    await until(() => request.outstanding === 1);
    request.records(0, {base: 0, values: ['a']});
    await next;
    next = records.next();
    await until(() => request.outstanding === 2);
    for (let i = 1; i < 30; i++) { // always one of two is still to come
      skewMs += 300;
      request.records(0, {base: i, values: ['a']});
      await next;
      next = records.next();
      await until(() => request.outstanding >= 1);
      assert.ok(reading.demand <= 2, `${reading.demand}`);
      await until(() => request.outstanding === 2, 'a whole window again');
    }
  });

  test('halves when the loop takes more than half a second for its window, down to one', async () => {
    let skewMs = 0;
    const {now} = Date;
    mock.method(Date, 'now', () => now() + skewMs);
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 16});
    const records = taking(reading);
    const first = records.next();
    const request = await server.request('read.batched');
    const {waits, next, offset} = await demands(reading, records, first, request, 7);
    assert.equal(waits.at(-1), 16);
    feed(request, {base: offset, size: 16});
    const permitted = [];
    await next;
    for (let i = 0; i < 80; i++) {
      await records.next();
      await until(() => reading.held === reading.demand, 'what was permitted to be here, so that the loop waits for nothing');
      skewMs += 600;
      permitted.push(reading.demand);
    }
    assert.ok(Math.max(...permitted.slice(-10)) <= 1, `${permitted}`);
    for (let i = 0; i < 200; i++) await records.next(); // the control: a quick loop gets its window again
    await until(() => reading.demand > 8);
  });

  test('does not halve because records were rare', async () => {
    let skewMs = 0;
    const {now} = Date;
    mock.method(Date, 'now', () => now() + skewMs);
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 8});
    const records = taking(reading);
    const first = records.next();
    const request = await server.request('read.batched');
    // Bursts of all that is permitted, each taken at once, with minutes between them.
    const {waits: full} = await demands(reading, records, first, request, 10, () => { skewMs += 60_000; });
    assert.ok(Math.min(...full.slice(4)) >= 8, `the loop was quick, but was permitted ${full}`);
  });

  test('is bounded in bytes, too', async () => {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: {records: 1000, bytes: 5000}});
    const records = taking(reading);
    let next = records.next();
    const request = await server.request('read.batched');
    let takenBytes = 0;
    let offset = 0;
    const send = () => {
      while (request.outstanding > 0 && request.creditBytes > request.sentBytes) request.records(0, {base: offset++, values: ['y'.repeat(400)]});
    };
    request.onPayload = send;
    send();
    const size = batchOf({base: 0, values: ['y'.repeat(400)]}).length;
    for (let i = 0; i < 200; i++) {
      assert.equal((await next).value.offset, i);
      assert.ok(request.creditBytes - takenBytes <= 5000 + size, `${request.creditBytes} permitted, ${takenBytes} taken`);
      takenBytes += size;
      next = records.next();
    }
    assert.ok(request.credits.every(({bytes}) => bytes >= 0 && bytes <= 5000));
  });

  test('begins anew on another connection, and never exceeds the window with what is held', async () => {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 8});
    const records = taking(reading);
    const first = records.next();
    let request = await server.request('read.batched');
    feed(request);
    const seen = [(await first).value.offset];
    for (let connection = 1; connection <= 5; connection++) {
      for (const record of await take(records, 11)) seen.push(record.offset);
      const {held} = reading;
      server.connection.drop();
      request = await server.request('read.batched', connection);
      const from = placesOf(request.json.from)[0];
      assert.ok(from >= seen.length && from <= seen.length + 8, `goes on at ${from}, has taken ${seen.length}, held ${held}`);
      request.onPayload = undefined;
      const taking = take(records, 1);
      feed(request, {base: from});
      seen.push((await taking)[0].offset);
      assert.ok(request.creditRecords <= 8);
    }
    assert.deepEqual(seen, seen.map((_, i) => i), 'neither gap nor duplicate');
  });

  test('without a window is refused', async () => {
    const levada = await client();
    for (const window of [0, -1, NaN, {records: 0}, {bytes: 0}]) assert.throws(() => levada.topic('t').read({window}), {code: 'INVALID_REQUEST'});
  });
});

describe('a hidden page', () => {
  beforeEach(() => { globalThis.document = Object.assign(new EventTarget(), {hidden: false}); });
  afterEach(() => { delete globalThis.document; });

  const hide = hidden => {
    document.hidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  };

  async function reads(options) {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest', window: 8, ...options});
    let taken = 0;
    reading.forEach(() => { taken++; }, {error: () => {}});
    const request = await server.request('read.batched');
    feed(request);
    await until(() => taken > 50);
    return {levada, reading, request, taken: () => taken};
  }

  test('asks for nothing, and for more when it is shown again', async () => {
    const {request, taken, levada} = await reads({});
    hide(true);
    await after(50); // what was permitted comes and is taken
    const [credits, before] = [request.credits.length, taken()];
    await never(() => request.credits.length > credits || taken() > before, 'a CREDIT of a hidden page', 200);
    levada.reconnect();
    const again = await server.request('read.batched', 1);
    await never(() => again.credits.length, 'a CREDIT of a hidden page on its next connection', 100);
    feed(again, {base: before});
    hide(false);
    await until(() => taken() > before + 50);
  });

  test('asks on where it is told to run', async () => {
    const {taken} = await reads({hidden: 'run'});
    hide(true);
    const before = taken();
    await until(() => taken() > before + 100);
  });

  test('that is opened hidden waits to be shown', async () => {
    const levada = await client();
    document.hidden = true;
    const reading = levada.topic('t').read({from: 'earliest'});
    quietly(reading[Symbol.asyncIterator]().next());
    await never(() => server.of('read.batched')[0]?.credits.length, 'a CREDIT of a hidden page');
    hide(false);
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
  });
});
