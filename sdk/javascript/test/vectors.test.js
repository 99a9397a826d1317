// The golden vectors that the Java tests read, too; see their README.md.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {Batch, BatchBuilder, crc32c, message, murmur2} from '../levada.js';

const GOLDEN = new URL('../../../engine/protocol/src/test/resources/golden/', import.meta.url);
const vectors = name => JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8')).vectors;
const bytesOf = hex => hex === null ? null : Uint8Array.from(Buffer.from(hex, 'hex'));
const hexOf = bytes => bytes === null ? null : Buffer.from(bytes).toString('hex');
const CODEC = {NONE: 0, GZIP: 1, SNAPPY: 2, LZ4: 3, ZSTD: 4};

const batches = vectors('batches.json');
const readable = batches.filter(({codec}) => codec === 'NONE' || codec === 'GZIP');

async function decode(bytes) {
  const batch = new Batch('t', 3, bytes);
  await batch.inflate();
  return {batch, records: [...batch]};
}

/** Whether a number of a vector is one of JavaScript's. */
const exact = text => Number.isSafeInteger(Number(text));

/** The same batch with a checksum that fits it. */
function resealed(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setInt32(8, bytes.length - 12);
  view.setUint32(17, crc32c(bytes, 21));
  return bytes;
}

describe('a batch of the golden vectors', () => {
  test('is there in every codec and shape that is tested here', () => {
    const names = new Set(batches.map(({name}) => name));
    for (const name of ['one-record', 'nulls', 'variety', 'varint-boundaries', 'gzip-by-levada', 'gzip-by-kafka', 'append-time', 'hole-at-the-end',
      'emptied-by-compaction', 'cut-from-a-larger-one', 'stored-beyond-2-to-the-53']) assert.ok(names.has(name), name);
    assert.deepEqual(new Set(batches.map(({codec}) => codec)), new Set(Object.keys(CODEC)));
  });

  for (const vector of readable) {
    test(`decodes: ${vector.name}`, async () => {
      const bytes = bytesOf(vector.hex);
      const {batch, records} = await decode(bytes);
      assert.equal(batch.count, vector.records.length);
      assert.equal(records.length, vector.records.length);
      assert.equal(batch.byteLength, bytes.length);
      if (exact(vector.baseOffset)) assert.equal(batch.baseOffset, Number(vector.baseOffset));
      if (exact(vector.lastOffset)) assert.equal(batch.nextOffset, Number(vector.lastOffset) + 1);
      vector.records.forEach((told, i) => {
        const record = records[i];
        assert.equal(record.topic, 't');
        assert.equal(record.partition, 3);
        if (exact(told.offset)) assert.equal(record.offset, Number(told.offset));
        if (exact(told.timestamp)) assert.equal(record.timestamp, Number(told.timestamp));
        assert.equal(hexOf(record.key), told.key);
        assert.equal(hexOf(record.value), told.value);
        assert.deepEqual(record.headers.map(({key, value}) => [key, hexOf(value)]), told.headers);
      });
    });
  }

  for (const vector of batches.filter(each => !readable.includes(each))) {
    test(`refuses a codec that the platform cannot inflate: ${vector.name}`, async () => {
      const batch = new Batch('t', 0, bytesOf(vector.hex));
      await assert.rejects(batch.inflate(), {code: 'UNSUPPORTED_VERSION', retriable: false});
    });
  }

  for (const vector of batches.filter(({canonical}) => canonical)) {
    const end = vector.records.findIndex(({timestamp}) => !exact(timestamp));
    test(`encodes to exactly these bytes${end < 0 ? '' : ', up to the first time beyond 2^53'}: ${vector.name}`, async () => {
      const builder = new BatchBuilder();
      for (const {key, value, timestamp, headers} of end < 0 ? vector.records : vector.records.slice(0, end))
        builder.add(bytesOf(key), {value: bytesOf(value), headers: together(headers)}, Number(timestamp));
      const encoded = hexOf(await builder.seal());
      if (end < 0) assert.equal(encoded, vector.hex);
      else {
        assert.ok(builder.count > 10);
        assert.equal(encoded.slice(2 * 61), vector.hex.slice(2 * 61, encoded.length));
      }
    });
  }

  test('has vectors to encode', () => assert.ok(batches.filter(({canonical}) => canonical).length >= 4));

  test('is to be inflated before it is iterated', () => {
    const batch = new Batch('t', 0, bytesOf(batches.find(({codec}) => codec === 'GZIP').hex));
    assert.throws(() => [...batch], {code: 'INVALID_REQUEST'});
  });

  test('decodes where it lies in a larger array', async () => {
    const vector = batches.find(({name}) => name === 'variety');
    const bytes = bytesOf(vector.hex);
    const around = new Uint8Array(bytes.length + 20).fill(255);
    around.set(bytes, 13);
    const {records} = await decode(around.subarray(13, 13 + bytes.length));
    assert.deepEqual(records.map(record => hexOf(record.value)), vector.records.map(({value}) => value));
  });
});

/** Headers as `publish` takes them: one that repeats is an array. */
function together(headers) {
  const object = {};
  for (const [key, value] of headers) (object[key] ??= []).push(bytesOf(value));
  return object;
}

describe('a bad batch', () => {
  for (const {name, hex, code} of vectors('bad-batches.json')) {
    test(`is refused: ${name}`, () => assert.rejects(() => decode(bytesOf(hex)), {code, name: 'LevadaError', retriable: false}));
  }

  test('is what remains when any single bit of what the checksum covers is flipped', async () => {
    for (const name of ['variety', 'gzip-by-levada', 'append-time']) {
      const good = bytesOf(batches.find(each => each.name === name).hex);
      await decode(good); // the control: unflipped, it is read
      for (let bit = 17 * 8; bit < good.length * 8; bit++) {
        const bad = good.slice();
        bad[bit >> 3] ^= 1 << (bit & 7);
        assert.throws(() => new Batch('t', 0, bad), {code: 'CORRUPT_MESSAGE'}, `${name}, bit ${bit}`);
      }
    }
  });

  test('is what remains when it is cut anywhere', () => {
    const good = bytesOf(batches.find(({name}) => name === 'variety').hex);
    for (let length = 0; length < good.length; length++)
      assert.throws(() => new Batch('t', 0, good.subarray(0, length)), {code: 'CORRUPT_MESSAGE'}, `${length} bytes`);
  });

  test('never makes a reader look elsewhere, or fail with anything else, whatever byte is changed under a right checksum', async () => {
    let refused = 0;
    for (const name of ['variety', 'gzip-by-kafka', 'cut-from-a-larger-one']) {
      const good = bytesOf(batches.find(each => each.name === name).hex);
      for (let at = 21; at < good.length; at++) {
        for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
          const bad = good.slice();
          bad[at] = byte;
          try {
            const {records} = await decode(resealed(bad));
            for (const record of records) void [record.key, record.value, record.headers];
          } catch (error) {
            assert.match(error.code ?? `${error.stack}`, /^(CORRUPT_MESSAGE|UNSUPPORTED_VERSION)$/, `${name}, byte ${at} = ${byte}`);
            refused++;
          }
        }
      }
    }
    assert.ok(refused > 500, `${refused} were refused`);
  });

  test('does not inflate without bound', async () => {
    const good = bytesOf(batches.find(({name}) => name === 'gzip-by-levada').hex);
    const bomb = gzipSync(new Uint8Array(64 << 20));
    const bytes = new Uint8Array(61 + bomb.length);
    bytes.set(good.subarray(0, 61));
    bytes.set(bomb, 61);
    await assert.rejects(() => decode(resealed(bytes)), {code: 'CORRUPT_MESSAGE'});
  });
});

describe('a batch that is built', () => {
  test('reads as what was given, with gzip, too', async () => {
    for (const codec of ['none', 'gzip']) {
      const builder = new BatchBuilder();
      for (let i = 0; i < 100; i++)
        builder.add(Buffer.from(`key ${i}`), {value: {i, text: 'a value that repeats '.repeat(4)}, headers: {n: [String(i), null]}}, 1e12 + i * 7 % 13);
      const bytes = await builder.seal({id: '9223372036854775807', epoch: 5}, 77, codec);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      assert.equal(view.getInt16(21), CODEC[codec.toUpperCase()]);
      assert.equal(view.getBigInt64(43), 9223372036854775807n);
      assert.equal(view.getInt16(51), 5);
      assert.equal(view.getInt32(53), 77);
      assert.equal(view.getBigInt64(35), BigInt(1e12 + 12), 'the largest timestamp');
      const {records} = await decode(bytes);
      assert.deepEqual(records.map(record => record.offset), Array.from({length: 100}, (_, i) => i));
      records.forEach((record, i) => {
        assert.equal(record.keyText, `key ${i}`);
        assert.equal(record.json().i, i);
        assert.equal(record.timestamp, 1e12 + i * 7 % 13);
        assert.equal(record.header('n'), String(i));
        assert.deepEqual(record.headers.map(({value}) => value && Buffer.from(value).toString()), [String(i), null]);
      });
    }
  });

  test('stays as it is where gzip makes it no smaller', async () => {
    const builder = new BatchBuilder();
    builder.add(null, {value: 'x'}, 0);
    const bytes = await builder.seal(undefined, undefined, 'gzip');
    assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getInt16(21), 0);
    assert.equal((await decode(bytes)).records[0].text(), 'x');
  });

  test('refuses a record beyond the limit and goes on with others', async () => {
    const builder = new BatchBuilder();
    builder.add(null, {value: 'first'}, 1, 200);
    assert.throws(() => builder.add(null, {value: 'x'.repeat(300)}, 2, 200), {code: 'MESSAGE_TOO_LARGE'});
    builder.add(null, {value: 'second'}, 3, 200);
    const {records} = await decode(await builder.seal());
    assert.deepEqual(records.map(record => [record.offset, record.text(), record.timestamp]), [[0, 'first', 1], [1, 'second', 3]]);
  });

  test('keeps numbers up to 2^53', async () => {
    const times = [0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 40 + 1, 2 ** 52];
    const builder = new BatchBuilder();
    for (const time of times) builder.add(null, {value: null}, time);
    const {records} = await decode(await builder.seal());
    assert.deepEqual(records.map(({timestamp}) => timestamp), times);
  });
});

describe('a record', () => {
  const record = async (key, value, headers) => {
    const builder = new BatchBuilder();
    builder.add(key, {value, headers}, 5);
    return (await decode(await builder.seal())).records[0];
  };

  test('is printed as the command line prints it', async () => {
    const printed = JSON.parse(JSON.stringify(await record(Uint8Array.of(0xff, 0xfe), 'text', {once: 'a', twice: ['b', 'c'], none: null, bytes: Uint8Array.of(0x80), void: ''})));
    assert.deepEqual(printed, {topic: 't', partition: 3, offset: 0, timestamp: 5, key: {base64: '//4='}, value: 'text',
      headers: {once: 'a', twice: ['b', 'c'], none: null, bytes: {base64: 'gA=='}, void: ''}});
    assert.deepEqual(Object.keys(printed), ['topic', 'partition', 'offset', 'timestamp', 'key', 'value', 'headers']);
  });

  test('is printed with headers of any name', async () => {
    const headers = {constructor: 'a', toString: ['b', 'c'], ['__proto__']: 'd'};
    assert.deepEqual(JSON.parse(JSON.stringify(await record(null, null, headers))).headers, JSON.parse('{"constructor":"a","toString":["b","c"],"__proto__":"d"}'));
  });

  test('keeps a byte order mark, which is part of its text', async () => {
    const marked = await record(Buffer.from('\ufeffkey'), '\ufeffvalue', {h: '\ufeffheader'});
    assert.deepEqual([marked.keyText, marked.text(), marked.header('h')], ['\ufeffkey', '\ufeffvalue', '\ufeffheader']);
  });

  test('without key, value and headers says so', async () => {
    const empty = await record(null, null);
    assert.deepEqual([empty.key, empty.value, empty.keyText, empty.text(), empty.json(), empty.headers, empty.header('h')], [null, null, null, null, null, [], null]);
  });
});

describe('a message', () => {
  const fields = {
    BATCH: ({partition, sequence, batch}) => [2, [partition], [sequence], batch],
    CREDIT: ({records, bytes}) => [3, [], [records, bytes]],
    ADD: ({handle, offset}) => [4, [handle], [offset]],
    REMOVE: ({handle}) => [5, [handle], []],
    OPEN: ({json}) => [1, [], [], Buffer.from(json).toString('hex')],
  };
  for (const {name, kind, hex, fields: told} of vectors('messages.json')) {
    const parts = fields[kind]?.(told);
    if (!parts) continue;
    test(`is encoded: ${name}`, () => {
      const [byte, small, large, rest] = parts;
      const encoded = message(byte, small, large.map(Number), rest === undefined ? undefined : bytesOf(rest));
      if (large.every(exact)) assert.equal(hexOf(encoded), hex);
      else assert.equal(encoded.length, hex.length / 2);
    });
  }

  test('has all vectors of what a client sends', () => {
    const kinds = new Set(vectors('messages.json').map(({kind}) => kind));
    for (const kind of Object.keys(fields)) assert.ok(kinds.has(kind), kind);
  });
});

describe('a hash', () => {
  for (const {key, murmur2: hash, partitions, partition} of vectors('hashes.json').filter(each => 'murmur2' in each)) {
    test(`of a key: "${Buffer.from(key, 'hex')}"`, () => {
      assert.equal(murmur2(bytesOf(key)), hash);
      assert.equal((murmur2(bytesOf(key)) & 0x7fffffff) % partitions, partition);
    });
  }

  test('of a batch is what its header says', () => {
    for (const {hex, crc32c: sum} of batches) assert.equal(crc32c(bytesOf(hex), 21).toString(16).padStart(8, '0'), sum);
  });

  test('of a batch at its place is its header checksum', () => {
    for (const {topicId, partition, batch, headerChecksum} of vectors('hashes.json').filter(each => 'topicId' in each)) {
      const bytes = bytesOf(batch);
      const place = new Uint8Array(36);
      place.set(bytesOf(topicId.replaceAll('-', '')));
      new DataView(place.buffer).setInt32(16, partition);
      place.set(bytes.subarray(0, 12), 20);
      place.set(bytes.subarray(17, 21), 32);
      assert.equal(crc32c(place).toString(16), headerChecksum);
    }
  });

  test('of the samples of RFC 3720 is as told there', () => {
    const samples = [[new Uint8Array(32), 0x8a9136aa], [new Uint8Array(32).fill(255), 0x62a8ab43], [Uint8Array.from({length: 32}, (_, i) => i), 0x46dd794e],
      [Uint8Array.from({length: 32}, (_, i) => 31 - i), 0x113fdb5c], [new Uint8Array(0), 0]];
    for (const [bytes, sum] of samples) assert.equal(crc32c(bytes), sum);
  });
});
