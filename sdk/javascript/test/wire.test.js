// What the client says and hears on a connection, frame by frame, against a server that answers as each test scripts it.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {afterEach, beforeEach, describe, mock} from 'node:test';
import {WebSocket} from 'ws';
import {connect, LevadaError} from '../levada.js';
import {after, client, placesOf, quietly, server, take, taking, test, values} from './scripted-client.js';
import {bearerOf, never, until} from './scripted-server.js';

describe('setup', () => {
  test('says RSocket 1.0, composite metadata, JSON, and how often it wants a sign of life', async () => {
    await client({keepaliveMs: 7000});
    const {setup} = server.connection;
    assert.deepEqual([setup.id, setup.major, setup.minor, setup.keepaliveMs, setup.resume, setup.lease], [0, 1, 0, 7000, false, false]);
    assert.deepEqual([setup.metadataMime, setup.dataMime], ['message/x.rsocket.composite-metadata.v0', 'application/json']);
    assert.ok(setup.lifetimeMs >= 60_000, 'browsers slow the timers of hidden pages to one a minute');
    assert.equal(setup.metadata, null);
    assert.equal(server.connection.frames[0], setup);
  });

  test('carries the token as bearer authentication', async () => {
    const token = 'ey.' + 'ü'.repeat(200);
    await client({token});
    assert.equal(bearerOf(server.connection.setup.metadata), token);
  });

  test('carries what the token function gives, asked for each connection', async () => {
    let n = 0;
    const levada = await client({token: async () => `token ${++n}`});
    levada.reconnect();
    await until(() => server.connections[1]?.setup);
    assert.deepEqual(server.connections.map(({setup}) => bearerOf(setup.metadata)), ['token 1', 'token 2']);
  });

  test('refused with an error ends connect() with it, and is not tried again', async () => {
    server.refusal = [0x003, JSON.stringify({error: {code: 'INVALID_REQUEST', message: 'this token is of yesterday', retriable: false}})];
    await assert.rejects(client(), {name: 'LevadaError', code: 'INVALID_REQUEST', message: 'this token is of yesterday', retriable: false});
    await never(() => server.attempts.length > 1, 'a second attempt');
  });

  test('refused with a sentence ends connect() with it', async () => {
    server.refusal = [0x001, 'no RESUME here'];
    await assert.rejects(client(), error => error instanceof LevadaError && /no RESUME here/.test(error.message) && !error.retriable);
    assert.equal(server.attempts.length, 1);
  });

  test('that is not answered ends connect() with CONNECTION_LOST in time, and for good', async () => {
    server.alive = false;
    const startMs = performance.now();
    await assert.rejects(client({connectTimeoutMs: 200}), {code: 'CONNECTION_LOST', retriable: true});
    assert.ok(performance.now() - startMs < 2000);
    await after(100); // one that was under way may still arrive
    const attempts = server.attempts.length;
    await never(() => server.attempts.length > attempts, 'another attempt', 400);
  });

  test('that is put off by a server that is closing is tried again', async () => {
    server.refusal = [0x102, 'going down'];
    const connecting = client();
    await until(() => server.attempts.length >= 2);
    server.refusal = undefined;
    assert.equal((await connecting).state, 'open');
  });

  test('needs a URL and a WebSocket', async () => {
    await assert.rejects(connect('no url'), {code: 'INVALID_REQUEST'});
    if (!globalThis.WebSocket) await assert.rejects(connect(server.url, {connectTimeoutMs: 300}), {code: 'INVALID_REQUEST'});
  });

  test('takes an http URL for what it is', async () => {
    const levada = await connect(server.url.replace('ws', 'http'), {WebSocket});
    assert.equal(levada.state, 'open');
    await levada.close();
  });
});

describe('keepalive', () => {
  test('of the server is answered with its own data', async () => {
    await client();
    server.connection.keepalive('are you there');
    const answer = await until(() => server.connection.frames.find(({type, respond}) => type === 'KEEPALIVE' && !respond));
    assert.equal(answer.data.toString(), 'are you there');
  });

  test('is sent as often as said, and answered keeps the connection', async () => {
    await client({keepaliveMs: 20});
    await until(() => server.connection.frames.filter(({type, respond}) => type === 'KEEPALIVE' && respond).length > 12);
    assert.equal(server.connections.length, 1);
  });

  test('unanswered for three times as long makes a new connection', async () => {
    const levada = await client({keepaliveMs: 40});
    server.connection.alive = false;
    await until(() => server.connections[1]?.setup);
    await until(() => levada.state === 'open');
    assert.ok(server.connections[0].closed);
    assert.equal(levada.states[0].state, 'waiting');
    assert.equal(levada.states[0].error.code, 'CONNECTION_LOST');
  });

  test('is no matter as long as other frames come', async () => {
    const levada = await client({keepaliveMs: 40});
    const {connection} = server;
    connection.alive = false;
    const records = taking(levada.topic('t').read());
    records.next();
    const request = await server.request('read.batched');
    const timer = setInterval(() => request.passed(0, 0), 10);
    await never(() => server.connections.length > 1, 'a new connection', 400);
    clearInterval(timer);
    await until(() => server.connections.length > 1, 'the control: without frames it is given up');
  });
});

describe('a connection that breaks', () => {
  test('is made anew, and told of', async () => {
    const levada = await client();
    server.connection.drop();
    await until(() => levada.states.length === 2);
    assert.deepEqual(levada.states.map(({state}) => state), ['waiting', 'open']);
    assert.equal(levada.states[0].error.code, 'CONNECTION_LOST');
    assert.equal(levada.states[1].error, undefined);
    levada.close();
    await until(() => levada.state === 'closed');
    assert.equal(levada.states.at(-1).state, 'closed');
  });

  describe('while there is no network', () => {
    let listeners;
    beforeEach(() => {
      listeners = new EventTarget();
      globalThis.addEventListener = listeners.addEventListener.bind(listeners);
      globalThis.removeEventListener = listeners.removeEventListener.bind(listeners);
      Object.defineProperty(globalThis, 'navigator', {configurable: true, value: {onLine: true}});
    });
    afterEach(() => {
      delete globalThis.addEventListener;
      delete globalThis.removeEventListener;
      delete globalThis.navigator;
    });

    test('is made anew once there is', async () => {
      mock.method(Math, 'random', () => 0);
      const levada = await client();
      navigator.onLine = false;
      server.connection.drop();
      await until(() => levada.state === 'waiting');
      await never(() => server.attempts.length > 1, 'an attempt without network', 300);
      navigator.onLine = true;
      listeners.dispatchEvent(new Event('online'));
      await until(() => levada.state === 'open');
      assert.equal(server.attempts.length, 2);
      server.connection.drop(); // the control: with network nobody waits for the event
      await until(() => server.attempts.length === 3);
    });

    test('can be closed', async () => {
      const levada = await client();
      navigator.onLine = false;
      server.connection.drop();
      await until(() => levada.state === 'waiting');
      await levada.close();
      assert.equal(levada.state, 'closed');
      listeners.dispatchEvent(new Event('online'));
      await never(() => server.attempts.length > 1, 'an attempt after close()');
    });
  });

  test('while a request waits: looking is asked again, changing has an unknown outcome', async () => {
    const levada = await client();
    const list = levada.topics.list();
    const groups = levada.groups.list();
    const described = levada.groups.describe('g');
    const created = levada.topics.create({name: 't'});
    const reset = levada.groups.reset({group: 'g', topic: 't', to: 'earliest'});
    await until(() => server.of('groups.reset').length);
    Object.assign(server.routes, {
      'topics.list': request => request.answer({topics: ['a', 'b']}),
      'groups.list': request => request.answer({groups: ['g']}),
      'groups.describe': request => request.answer({group: 'g'}),
    });
    server.connection.drop();
    await assert.rejects(created, {code: 'OUTCOME_UNKNOWN', retriable: true});
    await assert.rejects(reset, {code: 'OUTCOME_UNKNOWN'});
    assert.deepEqual(await list, ['a', 'b']);
    assert.deepEqual(await groups, ['g']);
    assert.deepEqual(await described, {group: 'g'});
    assert.equal(server.of('topics.create').length, 1);
    assert.equal(server.of('topics.list').length, 2);
  });

  test('before a request was sent puts it off, and its outcome is known', async () => {
    const levada = await client();
    server.routes['topics.create'] = request => request.answer({name: 't'});
    levada.reconnect();
    assert.deepEqual(await levada.topics.create({name: 't'}), {name: 't'});
    server.connection.drop();
    await until(() => levada.state === 'waiting');
    assert.deepEqual(await levada.topics.create({name: 't'}), {name: 't'});
  });
});

describe('a request', () => {
  test('goes by its route, with JSON, and is answered', async () => {
    const levada = await client();
    server.routes['topics.create'] = request => request.answer({created: request.json, text: 'schlüssel'});
    assert.deepEqual(await levada.topics.create({name: 'grün', partitions: 3}), {created: {name: 'grün', partitions: 3}, text: 'schlüssel'});
    const [request] = server.of('topics.create');
    assert.equal(request.type, 'REQUEST_RESPONSE');
    assert.equal(request.id % 2, 1);
    await levada.topics.create({name: 'b'});
    assert.ok(server.of('topics.create')[1].id > request.id);
  });

  test('that fails says code, message and whether to try again', async () => {
    const levada = await client();
    server.routes['topics.create'] = request => request.error('TOPIC_ALREADY_EXISTS', 'take another name', false);
    await assert.rejects(levada.topics.create({name: 't'}), error => {
      assert.ok(error instanceof LevadaError && error instanceof Error);
      assert.deepEqual([error.code, error.message, error.retriable], ['TOPIC_ALREADY_EXISTS', 'take another name', false]);
      return true;
    });
    server.routes['topics.create'] = request => request.error('THROTTLED', 'later', true);
    await assert.rejects(levada.topics.create({name: 't'}), {code: 'THROTTLED', retriable: true});
    assert.equal(levada.state, 'open');
  });

  test('that fails without JSON is a LevadaError, too', async () => {
    const levada = await client();
    server.routes['topics.create'] = request => request.errorFrame(0x202, 'rejected');
    await assert.rejects(levada.topics.create({name: 't'}), error => error instanceof LevadaError && typeof error.code === 'string' && /rejected/.test(error.message));
  });

  test('that changes something and is not answered in time may have been done', async () => {
    const levada = await client({connectTimeoutMs: 500});
    server.routes['topics.create'] = () => {};
    await assert.rejects(levada.topics.create({name: 't'}), {code: 'OUTCOME_UNKNOWN', retriable: true});
    await until(() => server.of('topics.create')[0].cancelled);
  });

  test('that is not answered in time fails with TIMEOUT, and is cancelled', async () => {
    const levada = await client({connectTimeoutMs: 500});
    await assert.rejects(levada.topics.list(), {code: 'TIMEOUT', retriable: true});
    await until(() => server.of('topics.list')[0].cancelled);
  });

  test('that is large goes in fragments, with the route in the first', async () => {
    const levada = await client();
    server.routes['topics.create'] = request => request.answer({});
    const text = 'äb'.repeat(400_000);
    await levada.topics.create({name: 't', config: {text}});
    const [request] = server.of('topics.create');
    assert.equal(request.json.config.text, text);
    assert.ok(request.frames.length > 2);
    request.frames.forEach((frame, i) => {
      assert.equal(frame.type, i ? 'PAYLOAD' : 'REQUEST_RESPONSE');
      assert.equal(frame.follows, i < request.frames.length - 1);
      assert.equal(frame.metadata === null, i > 0);
      assert.ok(frame.length <= 1 << 20, `${frame.length}`);
      if (i) assert.ok(frame.next);
    });
  });

  test('whose answer comes in fragments, among those of others, is answered', async () => {
    const levada = await client();
    const topics = values(0, 1000);
    let other;
    server.routes['topics.describe'] = request => { other = request; };
    server.routes['topics.list'] = request => {
      const {connection} = request;
      const raw = connection.raw.bind(connection);
      let n = 0;
      connection.raw = bytes => {
        raw(bytes);
        if (++n === 3) {
          connection.raw = raw;
          other.next({name: 'other', text: 'x'.repeat(100)}, {complete: true, mtu: 7});
        }
      };
      request.next({topics}, {complete: true, mtu: 100});
    };
    const described = levada.topics.describe('other');
    assert.deepEqual(await levada.topics.list(), topics);
    assert.equal((await described).name, 'other');
  });
});

describe('a channel', () => {
  test('sends only what the server permits', async () => {
    server.routes['read.batched'] = () => {};
    const levada = await client();
    const records = taking(levada.topic('t').read({from: 'earliest'}));
    const next = records.next();
    const request = await server.request('read.batched');
    await never(() => request.payloads.length > 1, 'a CREDIT that the server did not request');
    request.requestN(1);
    await until(() => request.credits.length === 1);
    request.records(0, {values: ['a']});
    assert.equal((await next).value.text(), 'a');
    records.next();
    await never(() => request.credits.length > 1, 'a second CREDIT');
    request.requestN(5);
    await until(() => request.credits.length >= 2);
  });

  test('keeps its order while it waits to be permitted', async () => {
    let channel;
    server.routes.publish = request => {
      channel = request;
      request.requestN(1); // for WRITE_CREDIT to have something to do
      request.openedForPublish(1);
      request.writeCredit(100, 1 << 20);
    };
    const levada = await client();
    const sent = [];
    for (let i = 0; i < 5; i++) sent.push(levada.topic('t').send({value: 'x'.repeat(70_000)}));
    await until(() => channel?.batches.length === 1);
    await never(() => channel.batches.length > 1, 'a batch that was not requested');
    for (let n = 2; n <= 5; n++) {
      channel.requestN(1);
      await until(() => channel.batches.length === n);
    }
    assert.deepEqual(channel.batches.map(({sequence}) => sequence), [0, 1, 2, 3, 4]);
    channel.batches.forEach(({sequence}) => channel.ack(sequence, sequence));
    assert.deepEqual((await Promise.all(sent)).map(({offset}) => offset), [0, 1, 2, 3, 4]);
  });

  test('requests more messages before the server has none left', async () => {
    const levada = await client();
    const reading = levada.topic('t').read({from: 'earliest'});
    quietly(reading[Symbol.asyncIterator]().next());
    const request = await server.request('read.batched');
    for (let i = 1; i <= 20_000; i++) {
      if (request.sent === request.n) await until(() => request.n > request.sent, 'more to be requested');
      request.passed(0, i);
    }
    assert.ok(request.n >= request.sent);
    assert.ok(request.n <= request.sent + 1_000_000);
  });

  for (const [how, end] of Object.entries({
    'by break': async reading => { for await (const record of reading) { void record; break; } },
    'by an exception': async reading => { await assert.rejects((async () => { for await (const record of reading) throw new Error(record.text()); })(), /v0/); },
    'by cancel()': async reading => {
      for await (const record of reading) {
        void record;
        reading.cancel();
      }
    },
    'by its signal': async (reading, aborts) => {
      for await (const record of reading) {
        void record;
        aborts.abort();
      }
    },
    'by return() of its batches': async reading => { for await (const batch of reading.batches()) { void batch; break; } },
    'by cancelling its stream': async reading => {
      const reader = reading.stream().getReader();
      await reader.read();
      await reader.cancel();
    },
    'by what forEach returns': reading => new Promise(done => {
      const stop = reading.forEach(() => stop(), {complete: done});
    }),
  })) {
    test(`is cancelled when the loop is left ${how}`, async () => {
      const levada = await client();
      const aborts = new AbortController();
      const reading = levada.topic('t').read({from: 'earliest', signal: aborts.signal});
      const left = end(reading, aborts);
      const request = await server.request('read.batched');
      await until(() => request.credits.length);
      assert.ok(!request.cancelled);
      request.records(0, {values: ['v0']});
      await left;
      await until(() => request.cancelled);
      assert.equal(reading.held, 0);
      levada.reconnect();
      await until(() => levada.states.at(-1)?.state === 'open');
      await never(() => server.of('read.batched').length > 1, 'opened again');
    });
  }

  test('is not opened by a reading that was left before the topic was told', async () => {
    let describing;
    server.routes['topics.describe'] = request => { describing = request; };
    const levada = await client();
    const reading = levada.topic('t').read();
    const next = reading[Symbol.asyncIterator]().next();
    await until(() => describing);
    reading.cancel();
    assert.equal((await next).done, true);
    describing.answer(server.topic('t'));
    await never(() => server.of('read.batched').some(request => !request.cancelled), 'a channel that nobody reads');
  });

  test('is not opened under a signal that was aborted before', async () => {
    const levada = await client();
    const outcome = await Promise.race([levada.topic('t').read({signal: AbortSignal.abort()})[Symbol.asyncIterator]().next(), after(300, 'reads on')]);
    assert.deepEqual(outcome, {value: undefined, done: true});
  });

  test('is not opened to publish under a signal that was aborted before', async () => {
    const levada = await client();
    const published = take(levada.topic('t').publish([{value: 'a'}], {signal: AbortSignal.abort()}), 1);
    assert.equal(await Promise.race([published.then(() => 'published', () => 'failed'), after(300, 'waits on')]), 'failed');
  });

  test('is not opened to join under a signal that was aborted before', async () => {
    const levada = await client();
    const members = taking(levada.group('g').subscribe('t', {signal: AbortSignal.abort()}));
    assert.deepEqual(await Promise.race([members.next(), after(300, 'stays')]), {value: undefined, done: true});
  });

  test('that ends with what passes is opened again over the same connection, behind what came', async () => {
    const levada = await client();
    const records = taking(levada.topic('t').read({from: 'earliest', window: 4}));
    const first = records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    request.records(0, {base: 0, values: ['a']});
    request.error('THROTTLED', 'wait', true);
    assert.equal((await first).value.text(), 'a');
    const next = records.next();
    const again = await server.request('read.batched', 1);
    assert.deepEqual(placesOf(again.json.from), {0: 1});
    await until(() => again.credits.length);
    again.records(0, {base: 1, values: ['b']});
    assert.equal((await next).value.text(), 'b');
    assert.equal(server.connections.length, 1);
  });

  test('that ends with what does not pass ends the reading, behind what came', async () => {
    const levada = await client();
    const records = taking(levada.topic('t').read({from: 'earliest', window: 4}));
    const first = records.next();
    const request = await server.request('read.batched');
    await until(() => request.credits.length);
    request.records(0, {base: 0, values: ['a']});
    request.error('STORAGE_FAILED', 'the disk is broken', true);
    assert.equal((await first).value.text(), 'a');
    await assert.rejects(records.next(), {code: 'STORAGE_FAILED', message: 'the disk is broken', retriable: true});
  });
});

describe('stats', () => {
  test('are asked for one by one', async () => {
    const levada = await client();
    const stats = levada.stats({topic: 't', limit: 5, intervalMs: 100});
    const first = stats.next();
    const request = await server.request('stats');
    assert.deepEqual([request.type, request.n, request.json], ['REQUEST_STREAM', 1, {topic: 't', limit: 5, intervalMs: 100}]);
    request.next({n: 1});
    assert.deepEqual((await first).value, {n: 1});
    await never(() => request.n > 1, 'asked for before the loop did', 50);
    const second = stats.next();
    await until(() => request.n === 2);
    request.next({n: 2});
    assert.deepEqual((await second).value, {n: 2});
    const third = stats.next();
    server.connection.drop();
    const again = await server.request('stats', 1);
    again.next({n: 3});
    assert.deepEqual((await third).value, {n: 3});
    await stats.return();
    await until(() => again.cancelled);
  });
});

describe('closing', () => {
  test('ends everything open, and fails what is begun after', async () => {
    const levada = await client();
    const next = levada.topic('t').read()[Symbol.asyncIterator]().next();
    const sent = levada.topic('t').send({value: 'a'});
    const listed = levada.topics.list();
    for (const promise of [next, sent, listed]) quietly(promise);
    await server.request('read.batched');
    await until(() => server.of('publish')[0]?.batches.length);
    await levada.close();
    for (const promise of [next, sent, listed]) await assert.rejects(promise, {code: 'GOING_AWAY'});
    await assert.rejects(levada.topics.list(), {code: 'GOING_AWAY'});
    await assert.rejects(levada.topic('t').read()[Symbol.asyncIterator]().next(), {code: 'GOING_AWAY'});
    await assert.rejects(levada.topic('t').send({value: 'b'}), {code: 'GOING_AWAY'});
    await until(() => server.connection.closed);
    await never(() => server.connections.length > 1, 'a new connection');
    await levada.close();
  });

  /** How a program ends that does this; its exit code, or null where it had to be killed. */
  async function ends(script, withinMs = 2500) {
    const program = `import {connect} from ${JSON.stringify(new URL('../levada.js', import.meta.url).href)};
      import {WebSocket} from ${JSON.stringify(import.meta.resolve('ws'))};
      const levada = await connect(${JSON.stringify(server.url)}, {WebSocket});
      ${script}
      await levada.close();
      console.log('closed');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {stdio: ['ignore', 'pipe', 'inherit']});
    let out = '';
    let timer;
    child.stdout.on('data', data => {
      out += data;
      if (out.includes('closed')) timer ??= setTimeout(() => child.kill('SIGKILL'), withinMs);
    });
    const code = await new Promise(done => child.on('exit', done));
    clearTimeout(timer);
    assert.match(out, /closed/);
    return code;
  }

  test('lets a program end that read', async () => {
    server.routes['read.batched'] = request => {
      request.requestN(100);
      request.records(0, {values: ['a']});
    };
    assert.equal(await ends(`for await (const record of levada.topic('t').read({from: 'earliest'})) break;`), 0);
  });

  test('lets a program end that published', async () => {
    server.routes.publish = request => {
      request.requestN(100);
      request.openedForPublish(1);
      request.writeCredit(10, 100_000);
      request.onPayload = () => request.ack(0, 0);
    };
    assert.equal(await ends(`await levada.topic('t').send({value: 'a'});`), 0);
  });

  test('lets a program end that waits for the next connection', async () => {
    const ended = ends(`Math.random = () => 0.99;
      for (let i = 0; i < 5; i++) {
        levada.reconnect();
        while (levada.state !== 'waiting') await new Promise(setImmediate);
        if (i < 4) while (levada.state !== 'open') await new Promise(done => setTimeout(done, 1));
      }`, 700);
    assert.equal(await ended, 0);
  });

  test('lets a program end that was a member', async () => {
    server.routes.group = request => {
      request.requestN(1000);
      request.next({type: 'joined', member: 'm', secret: 's', generation: 1});
      request.next({type: 'assigned', handle: 1, topic: 't', partition: 0, generation: 1, start: 0});
      request.onPayload = bytes => {
        const said = JSON.parse(bytes);
        if (said.type === 'commit') request.next({type: 'committed', id: said.id});
        if (said.type === 'leave') request.complete();
      };
    };
    server.routes['group.partition.batched'] = request => {
      request.requestN(100);
      request.records(1, {values: ['a']});
    };
    assert.equal(await ends(`for await (const assignment of levada.group('g').subscribe('t')) {
      for await (const record of assignment) {
        assignment.ack(record);
        break;
      }
      break;
    }`), 0);
  });
});
