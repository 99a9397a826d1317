// What a publisher sends, once and again.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {after, client, quietly, server, take, test} from './scripted-client.js';
import {never, until} from './scripted-server.js';

describe('publishing', () => {
  test('numbers records by producer and partition, with the codec that was asked for', async () => {
    server.partitions = 2;
    const levada = await client();
    const acks = levada.topic('t').publish(Array.from({length: 6}, (_, i) => ({value: `v${i} `.repeat(100), partition: i % 2})), {codec: 'gzip'});
    const taken = take(acks, 6);
    const channel = await server.request('publish');
    await until(() => channel.batches.reduce((sum, {count}) => sum + count, 0) === 6);
    for (const {producerId, epoch, codec} of channel.batches) assert.deepEqual([producerId, epoch, codec], [4711n, 3, 1]);
    for (const {sequence, partition} of channel.batches) channel.ack(sequence, 1000 * partition);
    assert.deepEqual((await taken).map(({partition, offset}) => [partition, offset]).sort(), [[0, 0], [0, 1], [0, 2], [1, 1000], [1, 1001], [1, 1002]]);
    assert.equal((await acks.next()).done, true);
    await until(() => channel.cancelled || channel.completed);
  });

  test('sends what was not acknowledged again: the same bytes, in order, by the same producer', async () => {
    const levada = await client();
    const topic = levada.topic('t');
    const size = 70_000;
    const sent = [];
    for (let i = 0; i < 4; i++) sent.push(topic.send({value: `${i}`.repeat(size)}));
    const channel = await server.request('publish');
    await until(() => channel.batches.length === 4);
    channel.ack(0, 500);
    assert.equal((await sent[0]).offset, 500);
    server.connection.drop();
    const again = await server.request('publish', 1);
    await until(() => again.batches.length === 3);
    assert.deepEqual(again.batches.map(({sequence}) => sequence), [0, 1, 2], 'sequences of a channel begin anew');
    assert.deepEqual(again.batches.map(({baseSequence}) => baseSequence), [1, 2, 3]);
    again.batches.forEach(({batch}, i) => assert.ok(batch.equals(channel.batches[i + 1].batch), `batch ${i}`));
    assert.equal(server.of('producers.open').length, 1);
    again.batches.forEach(({sequence}) => again.ack(sequence, 501 + sequence));
    assert.deepEqual((await Promise.all(sent)).map(({offset}) => offset), [500, 501, 502, 503]);
    quietly(topic.send({value: 'next'}));
    await until(() => again.batches.length === 4);
    assert.equal(again.batches[3].baseSequence, 4);
  });

  test('acknowledges each record where it stands, when a batch is told of in parts, and once', async () => {
    const levada = await client();
    const acks = levada.topic('t').publish(Array.from({length: 6}, (_, i) => ({value: `v${i}`})));
    const first = acks.next();
    const channel = await server.request('publish');
    await until(() => channel.batches.length === 1);
    assert.equal(channel.batches[0].count, 6);
    channel.partAck(0, 1, 10);
    channel.partAck(0, 2, 20);
    assert.deepEqual([await first, await acks.next(), await acks.next()].map(({value}) => value.offset), [10, 20, 21], 'at once');
    server.connection.drop();
    const again = await server.request('publish', 1);
    await until(() => again.batches.length === 1);
    again.partAck(0, 1, 10);
    again.partAck(0, 3, 20);
    again.ack(0, 30);
    assert.deepEqual([await acks.next(), await acks.next(), await acks.next()].map(({value}) => value.offset), [22, 30, 31], 'once');
  });

  describe('to a server that gives no ids', () => {
    const unnumbered = () => server.routes['producers.open'] = request => request.answer({producerId: '-1', epoch: -1});

    test('numbers nothing', async () => {
      unnumbered();
      const levada = await client();
      const sent = levada.topic('t').send({value: 'a'});
      const channel = await server.request('publish');
      await until(() => channel.batches.length);
      const [{producerId, epoch, baseSequence}] = channel.batches;
      assert.deepEqual([producerId, epoch, baseSequence], [-1n, -1, -1]);
      channel.ack(0, 7);
      assert.equal((await sent).offset, 7);
    });

    test('does not send again what was in flight, says so, and fails what was not sent with what happened', async () => {
      unnumbered();
      server.routes.publish = request => {
        request.requestN(1000);
        request.openedForPublish(1);
        request.writeCredit(3, 1 << 20);
      };
      const levada = await client();
      const topic = levada.topic('t');
      const sent = [];
      for (let i = 0; i < 4; i++) sent.push(quietly(topic.send({value: `${i}`.repeat(70_000)})));
      const channel = await server.request('publish');
      await until(() => channel.batches.length === 3);
      channel.ack(0, 500);
      assert.equal((await sent[0]).offset, 500);
      server.connection.drop();
      for (const promise of sent.slice(1, 3))
        await assert.rejects(promise, {code: 'OUTCOME_UNKNOWN', retriable: true, message: /^it is not known whether 2 batches, 2 records, were appended: /});
      await assert.rejects(sent[3], {code: 'CONNECTION_LOST'});
      await until(() => levada.state === 'open');
      await never(() => server.of('publish').length > 1, 'opened again', 700);
      quietly(topic.send({value: 'next'}));
      const next = await server.request('publish', 1);
      await until(() => next.batches.length);
      assert.deepEqual(next.batches.map(({count, batch}) => [count, batch.includes('next')]), [[1, true]]);
    });

    test('knows what became of the parts of a batch that it was told of', async () => {
      unnumbered();
      const levada = await client();
      const acks = levada.topic('t').publish(Array.from({length: 5}, (_, i) => ({value: `v${i}`})));
      const first = acks.next();
      const channel = await server.request('publish');
      await until(() => channel.batches.length === 1);
      channel.partAck(0, 2, 10);
      assert.deepEqual([await first, await acks.next()].map(({value}) => value.offset), [10, 11]);
      channel.error('GOING_AWAY', 'the server stops', true);
      await assert.rejects(acks.next(), {code: 'OUTCOME_UNKNOWN', message: / 1 batches, 3 records, .*the server stops$/});
    });

    test('goes on over the next connection where nothing was in flight', async () => {
      unnumbered();
      const levada = await client();
      let give;
      async function *source() {
        yield {value: 'a'};
        await new Promise(done => give = done);
        yield {value: 'b'};
      }
      const acks = levada.topic('t').publish(source());
      const first = acks.next();
      const channel = await server.request('publish');
      await until(() => channel.batches.length);
      channel.ack(0, 0);
      assert.equal((await first).value.offset, 0);
      server.connection.drop();
      await until(() => levada.state === 'waiting');
      const second = quietly(acks.next());
      give();
      const again = await server.request('publish', 1);
      await until(() => again.batches.length);
      again.ack(0, 1);
      assert.equal((await second).value.offset, 1);
      assert.equal((await acks.next()).done, true);
      assert.equal(channel.batches.length + again.batches.length, 2);
    });

    test('does not send again what was in flight when another token was needed', async () => {
      unnumbered();
      const levada = await client({token: () => 'token'});
      const sent = quietly(levada.topic('t').send({value: 'a'}));
      const channel = await server.request('publish');
      await until(() => channel.batches.length);
      channel.error('TOKEN_EXPIRED', 'log in again');
      await assert.rejects(sent, {code: 'OUTCOME_UNKNOWN'});
      await never(() => server.of('publish').length > 1, 'opened again', 700);
    });

    test('asks for an id once a connection', async () => {
      unnumbered();
      server.routes.publish = request => {
        request.requestN(10);
        request.openedForPublish(1);
        request.writeCredit(10, 1000);
        request.onPayload = () => request.ack(0, 7);
      };
      const levada = await client();
      for (let i = 0; i < 3; i++) assert.equal((await take(levada.topic('t').publish([{value: 'a'}]), 1)).length, 1);
      assert.equal(server.of('publish').length, 3);
      assert.equal(server.of('producers.open').length, 1);
    });
  });

  test('puts off what is given while there is no connection', async () => {
    const levada = await client();
    const topic = levada.topic('t');
    const first = topic.send({value: 'a'});
    const channel = await server.request('publish');
    await until(() => channel.batches.length);
    channel.ack(0, 0);
    await first;
    server.connection.drop();
    await until(() => levada.state === 'waiting');
    const late = [topic.send({value: 'b'}), topic.send({value: 'c'})];
    const again = await server.request('publish', 1);
    await until(() => again.batches.reduce((sum, {count}) => sum + count, 0) === 2);
    let offset = 1;
    again.batches.forEach(({sequence, count}) => {
      again.ack(sequence, offset);
      offset += count;
    });
    assert.deepEqual((await Promise.all(late)).map(ack => ack.offset), [1, 2]);
  });

  test('repairs a hole in its sequences once by sending all of it again', async () => {
    const levada = await client();
    const sent = [levada.topic('t').send({value: 'a'.repeat(70_000)}), levada.topic('t').send({value: 'b'.repeat(70_000)})];
    const channel = await server.request('publish');
    await until(() => channel.batches.length === 2);
    channel.error('OUT_OF_ORDER_SEQUENCE_NUMBER', 'a hole');
    const again = await server.request('publish', 1);
    await until(() => again.batches.length === 2);
    assert.deepEqual(again.batches.map(({baseSequence}) => baseSequence), [0, 1]);
    assert.equal(server.connections.length, 1);
    again.ack(0, 0);
    again.ack(1, 1);
    assert.deepEqual((await Promise.all(sent)).map(({offset}) => offset), [0, 1]);
  });

  test('fails where the hole is still there', async () => {
    const levada = await client();
    const sent = quietly(levada.topic('t').send({value: 'a'}));
    (await server.request('publish')).error('OUT_OF_ORDER_SEQUENCE_NUMBER', 'a hole');
    const again = await server.request('publish', 1);
    await until(() => again.batches.length);
    again.error('OUT_OF_ORDER_SEQUENCE_NUMBER', 'a hole');
    await assert.rejects(sent, {code: 'OUT_OF_ORDER_SEQUENCE_NUMBER'});
    await never(() => server.of('publish').length > 2, 'a third attempt', 700);
  });

  test('goes on over the same connection with another token where one expired', async () => {
    let n = 0;
    const levada = await client({token: () => `token ${++n}`});
    const sent = levada.topic('t').send({value: 'a'});
    const channel = await server.request('publish');
    await until(() => channel.batches.length);
    channel.error('TOKEN_EXPIRED', 'log in again');
    const again = await server.request('publish', 1);
    await until(() => again.batches.length);
    assert.deepEqual(server.connection.pushes(), ['token 2']);
    assert.ok(again.batches[0].batch.equals(channel.batches[0].batch));
    again.ack(0, 5);
    assert.equal((await sent).offset, 5);
    assert.equal(server.connections.length, 1);
  });

  test('fails with what the server says, and the next record begins anew', async () => {
    server.routes.publish = request => request.error('UNKNOWN_TOPIC_OR_PARTITION', 'there is no t');
    const levada = await client();
    await assert.rejects(levada.topic('t').send({value: 'a'}), {code: 'UNKNOWN_TOPIC_OR_PARTITION', message: 'there is no t'});
    server.routes.publish = request => {
      request.requestN(10);
      request.openedForPublish(1);
      request.writeCredit(10, 1000);
      request.onPayload = () => request.ack(0, 7);
    };
    assert.equal((await levada.topic('t').send({value: 'a'})).offset, 7);
  });

  test('sends batches as far as the server permits them, in number and bytes', async () => {
    server.routes.publish = request => {
      request.requestN(1000);
      request.openedForPublish(1);
      request.writeCredit(2, 1 << 20);
    };
    const levada = await client();
    for (let i = 0; i < 6; i++) levada.topic('t').send({value: `${i}`.repeat(70_000)}).catch(() => {});
    const channel = await server.request('publish');
    await until(() => channel.batches.length === 2);
    await never(() => channel.batches.length > 2, 'a third batch');
    channel.writeCredit(4, 0);
    await until(() => channel.batches.length === 6);
    const less = await new Promise(done => {
      server.routes.publish = request => {
        request.requestN(1000);
        request.openedForPublish(1);
        request.writeCredit(1000, 1);
        done(request);
      };
      levada.reconnect();
    });
    await until(() => less.batches.length === 1);
    await never(() => less.batches.length > 1, 'a batch beyond the bytes permitted');
  });

  test('takes no more of its source than the window has room for', async () => {
    server.routes.publish = request => {
      request.requestN(1000);
      request.openedForPublish(1);
      request.writeCredit(1000, 1 << 20);
    };
    const levada = await client();
    let pulled = 0;
    async function *source() {
      for (;;) yield {value: `${pulled++}`};
    }
    const acks = levada.topic('t').publish(source(), {window: 10});
    const first = acks.next();
    const channel = await server.request('publish');
    await until(() => channel.batches.length);
    await never(() => pulled > 11, 'pulled beyond the window');
    let offset = 0;
    const acked = new Set();
    const ackAll = () => {
      for (const {sequence, count} of channel.batches) {
        if (acked.has(sequence)) continue;
        acked.add(sequence);
        channel.ack(sequence, offset);
        offset += count;
      }
    };
    channel.onPayload = ackAll;
    ackAll();
    assert.equal((await first).value.offset, 0);
    for (let i = 1; i < 100; i++) {
      assert.equal((await acks.next()).value.offset, i);
      assert.ok(pulled <= i + 12, `${pulled} pulled, ${i} taken`);
    }
    await acks.return();
    const before = pulled;
    await never(() => pulled > before + 1, 'pulled after the loop was left');
  });

  test('ends its source when the loop is left, and passes on what the source fails with', async () => {
    const levada = await client();
    let returned = 0;
    const source = {
      [Symbol.asyncIterator]() {
        return this;
      },
      n: 0,
      async next() {
        return {value: {value: `${this.n++}`}, done: false};
      },
      async return() {
        returned++;
        return {value: undefined, done: true};
      },
    };
    server.routes.publish = request => {
      request.requestN(1000);
      request.openedForPublish(1);
      request.writeCredit(1000, 1 << 20);
      request.onPayload = () => request.ack(request.batches.at(-1).sequence, 0);
    };
    for await (const ack of levada.topic('t').publish(source, {window: 4})) {
      void ack;
      break;
    }
    assert.equal(returned, 1);
    async function *failing() {
      yield {value: 'a'};
      throw new TypeError('no more');
    }
    await assert.rejects(take(levada.topic('t').publish(failing()), 10), /no more/);
  });

  test('of what cannot be encoded is refused, and not as if the connection were lost', async () => {
    const levada = await client();
    const cyclic = {};
    cyclic.self = cyclic;
    for (const value of [10n, cyclic]) {
      const error = await levada.topic('t').send({value}).then(() => null, refused => refused);
      assert.equal(error?.code, 'INVALID_REQUEST', String(error));
      assert.equal(error.retriable, false);
    }
  });

  test('to a partition that is no whole number is refused', async () => {
    const levada = await client();
    server.partitions = 2;
    for (const partition of [0.5, -1, 2, NaN, '1', 'x']) {
      const outcome = await Promise.race([levada.topic('t').send({value: 'a', partition}).then(() => 'stored', error => error.code), until(() => server.of('publish').some(({batches}) => batches.length)).then(() => 'sent')]);
      assert.match(outcome, /INVALID_REQUEST|UNKNOWN_TOPIC_OR_PARTITION/, `${typeof partition} ${partition}`);
    }
  });
});
