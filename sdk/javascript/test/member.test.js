// What a member of a group says and does.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {after, client, feed, quietly, server, take, taking, test} from './scripted-client.js';
import {never, until} from './scripted-server.js';

describe('a member', () => {
  /** A group that gives its first member all partitions. */
  function group({partitions = 1} = {}) {
    const state = {joins: [], said: [], member: 0};
    server.routes.group = request => {
      request.requestN(1000);
      const join = request.json;
      state.joins.push(join);
      state.channel = request;
      state.tell = what => request.next(what);
      request.onPayload = bytes => {
        const said = JSON.parse(bytes);
        state.said.push(said);
        if (said.type === 'commit') state.tell({type: 'committed', id: said.id, error: state.refuse});
        if (said.type === 'leave') request.complete();
      };
      const all = Array.from({length: partitions}, (_, i) => i);
      if (join.member) state.tell({type: 'rejoined', generation: 1, handles: all.map(i => 10 + i)});
      else state.tell({type: 'joined', member: `m${++state.member}`, secret: 's3cret', generation: 1});
      for (const i of all) state.tell({type: 'assigned', handle: 10 + i, topic: 't', partition: i, generation: 1, start: 0});
    };
    return state;
  }

  test('joins, reads what it owns from where it begins, and commits the end of the acknowledged prefix', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe(['t'], {name: 'me', from: 'latest', maxStallMs: 5000, filter: {key: 'a'}});
    const {value: assignment} = await member[Symbol.asyncIterator]().next();
    assert.deepEqual(state.joins, [{type: 'join', group: 'g', topics: ['t'], memberName: 'me', from: 'latest', maxStallMs: 5000, filter: {key: 'a'}}]);
    assert.deepEqual([assignment.topic, assignment.partition, assignment.generation, member.id], ['t', 0, 1, 'm1']);
    const records = taking(assignment);
    const first = records.next();
    const request = await server.request('group.partition.batched');
    assert.equal(request.json.member, 'm1');
    feed(request);
    await until(() => request.payloads.length >= 2);
    const add = request.payloads.find(bytes => bytes[0] === 4);
    assert.deepEqual([add.readInt32BE(1), add.readBigInt64BE(5)], [10, 0n]);
    const taken = [(await first).value, ...await take(records, 3)];
    assignment.ack(taken[2]);
    await member.commit();
    assert.deepEqual(state.said, [], 'nothing is at the beginning');
    assignment.ack(taken[0]);
    assignment.ack(taken[1].offset);
    await member.commit();
    assert.deepEqual(state.said.map(({type, offsets}) => [type, offsets]), [['commit', [{handle: 10, offset: 3}]]]);
    assert.equal(assignment.committed, 3);
    await until(() => state.said.length >= 1);
  });

  test('commits by itself within some seconds', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t');
    const {value: assignment} = await member[Symbol.asyncIterator]().next();
    const records = taking(assignment);
    const first = records.next();
    feed(await server.request('group.partition.batched'));
    assignment.ack((await first).value);
    assert.equal(state.said.length, 0);
    await until(() => state.said.some(({type, offsets}) => type === 'commit' && offsets[0].offset === 1));
  });

  test('comes back with its secret, and goes on where it was, also to acknowledge what it took before', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t', {window: 4});
    const members = taking(member);
    const {value: assignment} = await members.next();
    const records = taking(assignment);
    const first = records.next();
    feed(await server.request('group.partition.batched'));
    const taken = [(await first).value, ...await take(records, 5)];
    server.connection.drop();
    await until(() => state.joins.length === 2);
    assert.deepEqual([state.joins[1].member, state.joins[1].secret], ['m1', 's3cret']);
    const again = await server.request('group.partition.batched', 1);
    await until(() => again.payloads[1]?.[0] === 4);
    const from = Number(again.payloads[1].readBigInt64BE(5));
    assert.ok(from >= 6 && from <= 10, `${from}`);
    feed(again, {base: from});
    taken.push(...await take(records, 10));
    assert.deepEqual(taken.map(({offset}) => offset), taken.map((_, i) => i));
    for (const record of taken) assignment.ack(record);
    await member.commit();
    assert.equal(state.said.at(-1).offsets[0].offset, 16);
    assert.equal(member.assignments.length, 1, 'what was told again is the same');
  });

  test('tells nobody its secret', async () => {
    group();
    const events = [];
    const levada = await client();
    const member = levada.group('g').subscribe('t', {onEvent: event => events.push(event)});
    await member[Symbol.asyncIterator]().next();
    assert.deepEqual(events.map(({type}) => type), ['joined', 'assigned']);
    assert.doesNotMatch(JSON.stringify([events, member]), /s3cret/);
  });

  test('does not read again what its loop left, on the next connection', async () => {
    const state = group({partitions: 2});
    const levada = await client();
    const members = taking(levada.group('g').subscribe('t'));
    const [a, b] = [(await members.next()).value, (await members.next()).value];
    const records = taking(a);
    records.next();
    await server.request('group.partition.batched');
    await records.return();
    quietly(b[Symbol.asyncIterator]().next());
    await server.request('group.partition.batched', 1);
    server.connection.drop();
    await until(() => state.joins.length === 2);
    await until(() => server.connection.of('group.partition.batched').length);
    await never(() => server.connection.of('group.partition.batched').filter(({cancelled}) => !cancelled).length > 1, 'a channel of the loop that was left');
  });

  test('hands a partition over behind a commit of what was taken', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t', {window: 4});
    const {value: assignment} = await member[Symbol.asyncIterator]().next();
    const records = taking(assignment);
    const first = records.next();
    feed(await server.request('group.partition.batched'));
    const taken = [(await first).value, ...await take(records, 2)];
    state.tell({type: 'revoking', handle: 10, withinMs: 4000});
    assert.equal((await records.next()).done, true);
    await never(() => state.said.some(({type}) => type === 'revoked'), 'handed over before what was taken is acknowledged', 50);
    for (const record of taken) assignment.ack(record);
    await until(() => state.said.some(({type}) => type === 'revoked'));
    assert.deepEqual(state.said.map(({type, handle, offsets}) => [type, handle ?? offsets[0]]), [['commit', {handle: 10, offset: 3}], ['revoked', 10]]);
    assert.equal(member.assignments.length, 0);
  });

  test('hands a partition over in time where what was taken is not acknowledged', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t', {window: 4});
    const {value: assignment} = await member[Symbol.asyncIterator]().next();
    const records = taking(assignment);
    const first = records.next();
    feed(await server.request('group.partition.batched'));
    const record = (await first).value;
    await take(records, 1);
    assignment.ack(record);
    const startMs = performance.now();
    state.tell({type: 'revoking', handle: 10, withinMs: 800});
    await until(() => state.said.some(({type}) => type === 'revoked'));
    assert.ok(performance.now() - startMs < 800);
    assert.equal(state.said.findLast(({type}) => type === 'commit').offsets[0].offset, 1);
  });

  test('whose partition is lost fails its loop with FENCED_MEMBER_EPOCH, at once', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t', {window: 4});
    const {value: assignment} = await member[Symbol.asyncIterator]().next();
    const records = taking(assignment);
    const first = records.next();
    feed(await server.request('group.partition.batched'));
    await first;
    await take(records, 3);
    state.tell({type: 'lost', handle: 10});
    await until(() => !member.assignments.length);
    await assert.rejects(records.next(), {code: 'FENCED_MEMBER_EPOCH'});
  });

  test('that is forgotten joins anew, and its loops fail', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t');
    const members = taking(member);
    const {value: assignment} = await members.next();
    const next = quietly(assignment[Symbol.asyncIterator]().next());
    await server.request('group.partition.batched');
    const {group: joins} = server.routes;
    server.routes.group = request => {
      request.requestN(10);
      if (request.json.member) request.error('UNKNOWN_MEMBER_ID', 'join anew');
      else joins(request);
    };
    server.connection.drop();
    await assert.rejects(next, {code: 'FENCED_MEMBER_EPOCH'});
    assert.equal((await members.next()).value.partition, 0);
    assert.equal(member.id, 'm2');
    assert.equal(state.joins.at(-1).secret, undefined);
  });

  test('that is told why it is idle says so', async () => {
    const state = group({partitions: 0});
    const levada = await client();
    const member = levada.group('g').subscribe('t');
    await until(() => member.id);
    assert.equal(member.idle, null);
    state.tell({type: 'idle', reason: 'more members than partitions'});
    await until(() => member.idle);
    assert.equal(member.idle, 'more members than partitions');
  });

  test('is not put out by an onEvent that throws', async () => {
    group();
    const levada = await client();
    const member = levada.group('g').subscribe('t', {onEvent: () => { throw new Error('a mistake'); }});
    const unhandled = [];
    const hear = error => unhandled.push(error);
    process.on('uncaughtException', hear);
    try {
      await Promise.race([member[Symbol.asyncIterator]().next(), after(500)]).catch(error => error);
      assert.equal(levada.state, 'open', 'a mistake of one callback is no matter of the connection');
      assert.equal(server.connections.length, 1);
    } finally {
      process.off('uncaughtException', hear);
    }
  });

  test('leaves when its loop is left: commits, says so, and ends', async () => {
    const state = group();
    const levada = await client();
    const member = levada.group('g').subscribe('t');
    for await (const assignment of member) {
      const records = taking(assignment);
      const first = records.next();
      feed(await server.request('group.partition.batched'));
      assignment.ack((await first).value);
      break;
    }
    assert.deepEqual(state.said.map(({type}) => type), ['commit', 'leave']);
    await until(() => server.of('group.partition.batched')[0].cancelled);
  });
});
