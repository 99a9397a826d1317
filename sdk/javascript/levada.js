/**
 * Levada for browsers and Node 20, over WebSocket. What it offers is told in README.md, the wire in PROTOCOL.md; types of
 * options and answers are in types.d.ts. From the bytes up: batches, RSocket, the connection that is made anew, what a loop
 * takes (Flow), readings, members of groups, publishing.
 *
 * @typedef {import('./types.d.ts').Options} Options
 * @typedef {import('./types.d.ts').ReadOptions} ReadOptions
 * @typedef {import('./types.d.ts').MemberOptions} MemberOptions
 * @typedef {import('./types.d.ts').PublishOptions} PublishOptions
 * @typedef {import('./types.d.ts').NewRecord} NewRecord
 * @typedef {import('./types.d.ts').Ack} Ack
 * @typedef {import('./types.d.ts').Header} Header
 * @typedef {import('./types.d.ts').Session} Session
 * @typedef {import('./types.d.ts').Handler} Handler
 * @typedef {import('./types.d.ts').Json} Json
 */

/** What everything fails with: `code` is one of the protocol's, `message` says what to do. */
export class LevadaError extends Error {
  /** @param {string} code @param {string} message @param {boolean} [retriable] @param {object} [details] become members */
  constructor(code, message, retriable = false, details) {
    super(message);
    this.name = 'LevadaError';
    this.code = code;
    this.retriable = retriable;
    Object.assign(this, details);
  }
}

/** @param {string} message */
const lost = message => new LevadaError('CONNECTION_LOST', message, true);
/** @param {string} message */
const invalid = message => new LevadaError('INVALID_REQUEST', message);
/** @param {string} message */
const corrupt = message => new LevadaError('CORRUPT_MESSAGE', message);
const closed = () => new LevadaError('GOING_AWAY', 'this client was closed; connect again');

/** The same may succeed on another connection, or a little later. */
const PASSING = new Set(['CONNECTION_LOST', 'GOING_AWAY', 'TIMEOUT', 'THROTTLED', 'OUTCOME_UNKNOWN']);

/** The id of a producer that numbers nothing. */
const NO_ID = '-1';

/** @param {any} error @returns {LevadaError} */
const ours = error => error instanceof LevadaError ? error : new LevadaError('UNKNOWN_SERVER_ERROR', String(error?.message ?? error), false, {cause: error});

/** @param {number} ms @returns {Promise<void>} */
const pause = ms => new Promise(done => setTimeout(done, ms));

/** Waits for something, but no longer. @param {Promise<any>} something @param {number} ms @returns {Promise<void>} */
async function within(something, ms) {
  /** @type {any} */
  let timer;
  await Promise.race([something, new Promise(done => timer = setTimeout(done, ms))]);
  clearTimeout(timer);
}

/** @param {AbortSignal | undefined} signal @param {() => void} then called when it is aborted, at once where it was */
function whenAborted(signal, then) {
  if (signal?.aborted) then();
  else signal?.addEventListener('abort', then);
}

// ---- bytes

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const HIGH = 2 ** 32;

/** @param {Uint8Array} bytes */
const viewOf = bytes => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** @param {DataView} view @param {number} at */
const getLong = (view, at) => view.getInt32(at) * HIGH + view.getUint32(at + 4);
/** @param {DataView} view @param {number} at @param {number} n an integer, exact up to 2^53 */
const setLong = (view, at, n) => {
  view.setInt32(at, Math.floor(n / HIGH));
  view.setUint32(at + 4, n >>> 0);
};
/** @param {Uint8Array} bytes */
const base64 = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));

/** Slicing by eight: tables of what a byte does to the sum, one for each distance to the end. */
const CRC = new Int32Array(2048);
for (let i = 0; i < 256; i++) {
  let sum = i;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? sum >>> 1 ^ 0x82f63b78 : sum >>> 1;
  CRC[i] = sum;
}
for (let i = 256; i < 2048; i++) CRC[i] = CRC[i - 256] >>> 8 ^ CRC[CRC[i - 256] & 255];

/** CRC-32C, Castagnoli's (RFC 3720). @param {Uint8Array} b @param {number} i where to begin */
export function crc32c(b, i = 0) {
  let c = -1;
  for (; i + 8 <= b.length; i += 8) {
    c ^= b[i] | b[i + 1] << 8 | b[i + 2] << 16 | b[i + 3] << 24;
    c = CRC[1792 + (c & 255)] ^ CRC[1536 + (c >>> 8 & 255)] ^ CRC[1280 + (c >>> 16 & 255)] ^ CRC[1024 + (c >>> 24)]
      ^ CRC[768 + b[i + 4]] ^ CRC[512 + b[i + 5]] ^ CRC[256 + b[i + 6]] ^ CRC[b[i + 7]];
  }
  for (; i < b.length; i++) c = c >>> 8 ^ CRC[(c ^ b[i]) & 255];
  return ~c >>> 0;
}

/** Kafka's hash of keys: Austin Appleby's MurmurHash2 with Kafka's seed. @param {Uint8Array} key */
export function murmur2(key) {
  const M = 0x5bd1e995;
  const words = key.length & ~3;
  let hash = 0x9747b28c ^ key.length;
  for (let i = 0; i < words; i += 4) {
    const word = Math.imul(key[i] | key[i + 1] << 8 | key[i + 2] << 16 | key[i + 3] << 24, M);
    hash = Math.imul(hash, M) ^ Math.imul(word ^ word >>> 24, M);
  }
  for (let i = words; i < key.length; i++) hash ^= key[i] << 8 * (i - words);
  if (words < key.length) hash = Math.imul(hash, M);
  hash = Math.imul(hash ^ hash >>> 13, M);
  return hash ^ hash >>> 15;
}

/** Bytes through a stream of the platform. @param {Uint8Array} bytes @param {any} transform @param {number} limit */
async function through(bytes, transform, limit) {
  const reader = new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(transform).getReader();
  const parts = [];
  let size = 0;
  for (let step; !(step = await reader.read()).done;) {
    parts.push(step.value);
    size += step.value.length;
    if (size > limit) throw corrupt(`a batch inflates beyond ${limit} bytes`);
  }
  return joined(parts);
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// ---- batches: Kafka's record batch, format version 2; see FORMAT.md

const HEADER = 61;
const MAX_INFLATED = 16 << 20;

/** A walk over bytes that never leaves them. */
class Cursor {
  /** @param {Uint8Array} bytes @param {number} at @param {number} end */
  constructor(bytes, at, end) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte() {
    if (this.at >= this.end) throw corrupt('a record ends within a field');
    return this.bytes[this.at++];
  }

  /** A zigzag integer; exact up to 2^53. */
  varint() {
    let part = this.byte();
    if (part < 128) return part >>> 1 ^ -(part & 1);
    let sum = part & 127;
    for (let scale = 128; scale < 2 ** 70; scale *= 128) {
      part = this.byte();
      sum += (part & 127) * scale;
      if (part < 128) return sum % 2 ? -(sum + 1) / 2 : sum / 2;
    }
    throw corrupt('an integer of more than 10 bytes');
  }

  /** Steps over so many bytes as a length says, -1 for null. @returns {Uint8Array | null} */
  blob() {
    const length = this.skip();
    return length < 0 ? null : this.bytes.subarray(this.at - length, this.at);
  }

  skip() {
    const length = this.varint();
    if (length < -1 || length > this.end - this.at) throw corrupt(`a length of ${length}, ${this.end - this.at} bytes are left`);
    if (length > 0) this.at += length;
    return length;
  }
}

/** A record as it is in the log. Bytes are views of its batch; offsets and times are numbers. */
export class Record {
  #bytes;
  #at;
  #end;

  /** @param {Batch} batch @param {Uint8Array} bytes @param {number} offset @param {number} timestamp @param {number} at of the key's length @param {number} end */
  constructor(batch, bytes, offset, timestamp, at, end) {
    this.topic = batch.topic;
    this.partition = batch.partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Its key, then its value. @param {boolean} second */
  #part(second) {
    const cursor = new Cursor(this.#bytes, this.#at, this.#end);
    if (second) cursor.skip();
    return cursor.blob();
  }

  get key() {
    return this.#part(false);
  }

  get value() {
    return this.#part(true);
  }

  /** The key as text; null where there is none. */
  get keyText() {
    return textOf(this.key);
  }

  /** The value as text; null where there is none. */
  text() {
    return textOf(this.value);
  }

  /** The value, read as JSON. @returns {any} */
  json() {
    return JSON.parse(this.text() ?? 'null');
  }

  /** @returns {Header[]} in the order they were given */
  get headers() {
    const cursor = new Cursor(this.#bytes, this.#at, this.#end);
    cursor.skip();
    cursor.skip();
    return Array.from({length: cursor.varint()}, () => ({key: decoder.decode(cursor.blob() ?? undefined), value: cursor.blob()}));
  }

  /** The first header of a name as text; null where there is none. @param {string} name */
  header(name) {
    return textOf(this.headers.find(header => header.key === name)?.value ?? null);
  }

  /** As the command line prints it. */
  toJSON() {
    /** @type {{[name: string]: any}} */
    const headers = Object.create(null);
    for (const {key, value} of this.headers) {
      const more = plain(value);
      headers[key] = key in headers ? [headers[key], more].flat() : more;
    }
    const {topic, partition, offset, timestamp} = this;
    return {topic, partition, offset, timestamp, key: plain(this.key), value: plain(this.value), headers};
  }
}

/** @param {Uint8Array | null} bytes */
const textOf = bytes => bytes && decoder.decode(bytes);

/** @param {Uint8Array | null} bytes @returns {string | null | {base64: string}} */
function plain(bytes) {
  try {
    return bytes && strict.decode(bytes);
  } catch {
    return {base64: base64(/** @type {Uint8Array} */ (bytes))};
  }
}

/** Records as they are stored together; iterating decodes them. */
export class Batch {
  #bytes;
  #records;
  #codec;

  /** Fails with CORRUPT_MESSAGE. @param {string} topic @param {number} partition @param {Uint8Array} bytes */
  constructor(topic, partition, bytes) {
    const view = viewOf(bytes);
    if (bytes.length < HEADER || view.getInt32(8) !== bytes.length - 12) throw corrupt('a batch is cut short');
    if (view.getInt8(16) !== 2) throw corrupt('a batch of another format; this one knows version 2');
    if (view.getUint32(17) !== crc32c(bytes, 21)) throw corrupt('a batch has another checksum than it says');
    const attributes = view.getInt16(21);
    this.topic = topic;
    this.partition = partition;
    this.baseOffset = getLong(view, 0);
    /** Where to go on behind it. */
    this.nextOffset = this.baseOffset + view.getInt32(23) + 1;
    this.count = view.getInt32(57);
    this.byteLength = bytes.length;
    this.#bytes = bytes;
    this.#codec = attributes & 7;
    this.#records = bytes.subarray(HEADER);
    if (this.#codec > 4 || attributes & ~0x7f || this.count < 0 || this.count > view.getInt32(23) + 1)
      throw corrupt('a batch contradicts itself');
  }

  /** Makes a compressed batch readable. */
  async inflate() {
    if (!this.#codec) return;
    if (this.#codec > 1) throw new LevadaError('UNSUPPORTED_VERSION', 'this codec cannot be inflated here; none and gzip can');
    const stream = new DecompressionStream('gzip');
    this.#records = await through(this.#records, stream, MAX_INFLATED).catch(error => {
      throw error instanceof LevadaError ? error : corrupt(`a batch is no gzip: ${error.message}`);
    });
    this.#codec = 0;
  }

  /** Its records, ascending by offset. @returns {Generator<Record, void>} */
  *[Symbol.iterator]() {
    const view = viewOf(this.#bytes);
    const last = view.getInt32(23);
    const base = getLong(view, 27);
    const appended = view.getInt16(21) & 8;
    const latest = getLong(view, 35);
    const bytes = this.#records;
    const cursor = new Cursor(bytes, 0, bytes.length);
    if (this.#codec) throw invalid('a compressed batch is to be inflated first');
    for (let n = 0, before = -1; n < this.count; n++) {
      const length = cursor.varint();
      const end = cursor.at + length;
      if (length < 0 || end > bytes.length) throw corrupt(`a record of ${length} bytes, ${bytes.length - cursor.at} are left`);
      cursor.end = end;
      cursor.byte();
      const timestamp = base + cursor.varint();
      const delta = cursor.varint();
      if (delta <= before || delta > last) throw corrupt(`offset ${delta} behind ${before} in a batch up to ${last}`);
      before = delta;
      const at = cursor.at;
      cursor.skip();
      cursor.skip();
      let headers = cursor.varint();
      if (headers < 0) throw corrupt(`${headers} headers`);
      for (; headers > 0; headers--) {
        if (cursor.skip() < 0) throw corrupt('a header without a key');
        cursor.skip();
      }
      if (cursor.at !== end) throw corrupt('a record ends before its length');
      yield new Record(this, bytes, this.baseOffset + delta, appended ? latest : timestamp, at, end);
      cursor.end = bytes.length;
    }
    if (cursor.at !== bytes.length) throw corrupt('bytes behind the last record');
  }
}

/** Bytes that grow as they are written. */
class Sink {
  bytes = new Uint8Array(1024);
  at = 0;

  /** @param {number} size */
  room(size) {
    if (this.at + size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + size));
      grown.set(this.bytes);
      this.bytes = grown;
    }
  }

  /** @param {number} n */
  varint(n) {
    this.room(10);
    let zigzag = n < 0 ? -2 * n - 1 : 2 * n;
    for (; zigzag > 127; zigzag = Math.floor(zigzag / 128)) this.bytes[this.at++] = zigzag % 128 | 128;
    this.bytes[this.at++] = zigzag;
  }

  /** @param {Uint8Array} bytes */
  raw(bytes) {
    this.room(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Bytes behind their length. @param {Uint8Array | null} bytes */
  blob(bytes) {
    this.varint(bytes ? bytes.length : -1);
    if (bytes) this.raw(bytes);
  }
}

/** What a user gives as bytes. @param {any} value @returns {Uint8Array | null} */
function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value == null ? null : encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Encodes records into a batch. */
export class BatchBuilder {
  count = 0;
  #sink = new Sink();
  #scratch = new Sink();
  #base = 0;
  #latest = -Infinity;

  constructor() {
    this.#sink.at = HEADER;
  }

  get byteLength() {
    return this.#sink.at;
  }

  /** @param {Uint8Array | null} key @param {NewRecord} record @param {number} timestamp @param {number} [limit] of the record's bytes */
  add(key, record, timestamp, limit = Infinity) {
    const body = this.#scratch;
    body.at = 0;
    if (!this.count) this.#base = timestamp;
    body.varint(0); // attributes, one byte of zero
    body.varint(timestamp - this.#base);
    body.varint(this.count);
    body.blob(key);
    body.blob(bytesOf(record.value));
    const headers = Object.entries(record.headers ?? {}).flatMap(([name, values]) =>
      (Array.isArray(values) ? values : [values]).map(value => [name, value]));
    body.varint(headers.length);
    for (const [name, value] of headers) {
      body.blob(encoder.encode(name));
      body.blob(bytesOf(value));
    }
    if (body.at + 5 > limit) throw new LevadaError('MESSAGE_TOO_LARGE', `a record of ${body.at} bytes; this server takes ${limit}`);
    this.#sink.blob(body.bytes.subarray(0, body.at));
    this.#latest = Math.max(this.#latest, timestamp);
    this.count++;
  }

  /**
   * The batch, and nothing may be added any more.
   * @param {{id: string, epoch: number}} [producer] @param {number} [sequence] of its first record
   * @param {string} [codec] `none` or `gzip`
   */
  async seal(producer = {id: '-1', epoch: -1}, sequence = -1, codec = 'none') {
    let bytes = this.#sink.bytes.subarray(0, this.#sink.at);
    if (codec === 'gzip') {
      const packed = await through(bytes.subarray(HEADER), new CompressionStream('gzip'), Infinity);
      if (packed.length < bytes.length - HEADER) bytes = joined([bytes.subarray(0, HEADER), packed]);
      else codec = 'none';
    }
    const view = viewOf(bytes);
    view.setInt32(8, bytes.length - 12);
    view.setInt32(12, -1);
    view.setInt8(16, 2);
    view.setInt16(21, codec === 'gzip' ? 1 : 0);
    view.setInt32(23, this.count - 1);
    setLong(view, 27, this.#base);
    setLong(view, 35, this.#latest);
    view.setBigInt64(43, BigInt(producer.id));
    view.setInt16(51, producer.epoch);
    view.setInt32(53, sequence);
    view.setInt32(57, this.count);
    view.setUint32(17, crc32c(bytes, 21));
    return bytes;
  }
}

// ---- messages of the batched channels

/** A message of its kind and 64-bit or 32-bit (`n` of `{i32}`) fields. @param {number} kind @param {number[]} small @param {number[]} large @param {Uint8Array} [rest] */
export function message(kind, small, large, rest) {
  const at = 1 + 4 * small.length + 8 * large.length;
  const bytes = new Uint8Array(at + (rest?.length ?? 0));
  const view = viewOf(bytes);
  bytes[0] = kind;
  small.forEach((n, i) => view.setInt32(1 + 4 * i, n));
  large.forEach((n, i) => setLong(view, 1 + 4 * small.length + 8 * i, n));
  if (rest) bytes.set(rest, at);
  return bytes;
}

/** @param {object} value */
const json = value => encoder.encode(JSON.stringify(value));
/** @param {object} fields */
const openOf = fields => message(1, [], [], json(fields));

// ---- RSocket 1.0

const [SETUP, KEEPALIVE, RESPONSE, STREAM, CHANNEL, REQUEST_N, CANCEL, PAYLOAD, ERROR, PUSH] = [1, 3, 4, 6, 7, 8, 9, 10, 11, 12];
const [NEXT, COMPLETE, FOLLOWS, METADATA] = [0x20, 0x40, 0x80, 0x100];
const RESPOND = FOLLOWS;

/** Larger messages go out in pieces of this, so that others of the connection get their turn. */
const FRAGMENT = 1 << 18;
const MAX_MESSAGE = 32 << 20;
/** Messages that a stream may have on their way; what they hold is bounded by the credit of its channel. */
const MESSAGES = 2048;
/** How long the server waits for a keepalive: more than the minute to which browsers slow the timers of hidden pages. */
const LIFETIME_MS = 180_000;

/** @param {number} mime its well-known id @param {Uint8Array} bytes */
const metadata = (mime, bytes) => joined([Uint8Array.of(0x80 | mime, 0, bytes.length >> 8, bytes.length), bytes]);
/** @param {string} route */
const routing = route => metadata(0x7e, joined([Uint8Array.of(route.length), encoder.encode(route)]));
/** @param {string} token */
const bearer = token => metadata(0x7c, joined([Uint8Array.of(0x81), encoder.encode(token)]));

const NOTHING = new Uint8Array(0);

/** @param {number} id @param {number} type @param {number} flags @param {Uint8Array} [data] @param {number} [n] asked for @param {Uint8Array} [meta] */
function frame(id, type, flags, data = NOTHING, n, meta) {
  const at = 6 + (n === undefined ? 0 : 4);
  const to = at + (meta ? 3 + meta.length : 0);
  const bytes = new Uint8Array(to + data.length);
  const view = viewOf(bytes);
  view.setUint32(0, id);
  view.setUint16(4, type << 10 | flags | (meta ? METADATA : 0));
  if (n !== undefined) view.setUint32(6, n);
  if (meta) {
    view.setUint32(at, meta.length << 8);
    bytes.set(meta, at + 3);
  }
  bytes.set(data, to);
  return bytes;
}

/** A request that is open: what it is still to be told, and what may be sent on it. */
class Stream {
  /** @type {Uint8Array[]} */
  parts = [];
  size = 0;
  #permitted = 0;
  /** @type {Uint8Array[]} */
  #waiting = [];
  #came = 0;

  /** @param {Connection} connection @param {number} id @param {Handler} handler @param {boolean} refill */
  constructor(connection, id, handler, refill) {
    this.connection = connection;
    this.id = id;
    this.handler = handler;
    this.refill = refill;
  }

  /** Sends as soon as the server takes more of this channel. @param {Uint8Array} data */
  send(data) {
    this.#waiting.push(data);
    this.permit(0);
  }

  /** @param {number} n messages more that the server takes */
  permit(n) {
    this.#permitted += n;
    for (let data; this.#permitted > 0 && (data = this.#waiting.shift()); this.#permitted--)
      this.connection.send(this.id, PAYLOAD, NEXT, data);
  }

  /** @param {number} n */
  request(n) {
    this.connection.frame(frame(this.id, REQUEST_N, 0, NOTHING, n));
  }

  cancel() {
    if (this.connection.forget(this.id)) this.connection.frame(frame(this.id, CANCEL, 0));
  }

  /** @param {Uint8Array} data */
  next(data) {
    if (this.refill && ++this.#came === MESSAGES / 2) {
      this.#came = 0;
      this.request(MESSAGES / 2);
    }
    this.handler.next(data);
  }
}

/** One connection, from SETUP to its end. */
class Connection {
  /** @type {Map<number, Stream>} */
  #streams = new Map();
  #nextId = 1;
  #silent = 0;
  #socket;
  #timer;
  /** @type {(value?: any) => void} */ #opened = () => {};
  /** @type {(error: LevadaError) => void} */ #ended = () => {};
  /** @type {Promise<LevadaError>} why it ended */ ended = new Promise(resolve => this.#ended = resolve);
  /** Once the server has answered. */
  opened = new Promise(resolve => this.#opened = resolve);
  isOpen = true;
  /** Whether the server has said that it gives no ids to publishers. */ numbersNobody = false;

  /** @param {string} url @param {Options} options @param {string | undefined} token */
  constructor(url, options, token) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw invalid('this platform has no WebSocket; give one as an option, on Node 20 that of the package ws');
    this.timeoutMs = options.connectTimeoutMs ?? 10_000;
    const socket = this.#socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const keepaliveMs = options.keepaliveMs ?? 10_000;
    socket.onopen = () => {
      const meta = token === undefined ? undefined : bearer(token);
      const setup = new Uint8Array(64);
      const view = viewOf(setup);
      view.setUint16(0, 1);
      view.setUint32(4, keepaliveMs);
      view.setUint32(8, LIFETIME_MS);
      const mimes = ['message/x.rsocket.composite-metadata.v0', 'application/json'].map(mime => encoder.encode(mime));
      const parts = [setup.subarray(0, 12), ...mimes.flatMap(mime => [Uint8Array.of(mime.length), mime])];
      if (meta) parts.push(Uint8Array.of(0, meta.length >> 8, meta.length), meta);
      this.frame(frame(0, SETUP, meta ? METADATA : 0, joined(parts)));
      this.#keepAlive();
    };
    socket.onmessage = (/** @type {{data: ArrayBuffer}} */ event) => {
      try {
        this.#receive(new Uint8Array(event.data));
      } catch (error) {
        this.close(ours(error));
      }
    };
    socket.onerror = () => this.close(lost(`no connection to ${url}; is the server up, and may pages of this origin use it?`));
    socket.onclose = (/** @type {any} */ event) => this.close(lost(`the connection to ${url} ended (${event.code} ${event.reason})`));
    this.#timer = setInterval(() => socket.readyState === 1 && this.#keepAlive(), keepaliveMs);
  }

  /** Asks for a sign of life; when three were not answered it is over. */
  #keepAlive() {
    if (this.#silent++ < 3) this.frame(frame(0, KEEPALIVE, RESPOND, new Uint8Array(8)));
    else this.close(lost('the server has not answered for long'));
  }

  /** @param {LevadaError} error */
  close(error) {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearInterval(this.#timer);
    this.#socket.close();
    this.#ended(error);
    const open = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of open) stream.handler.error(error);
  }

  /** @param {Uint8Array} bytes */
  frame(bytes) {
    if (this.isOpen) this.#socket.send(bytes);
  }

  /** Sends a message, in fragments where it is large. @type {(id: number, type: number, flags: number, data: Uint8Array, n?: number, meta?: Uint8Array) => void} */
  send(id, type, flags, data, n, meta) {
    while (data.length > FRAGMENT) {
      this.frame(frame(id, type, flags | FOLLOWS, data.subarray(0, FRAGMENT), n, meta));
      data = data.subarray(FRAGMENT);
      [type, flags] = [PAYLOAD, NEXT];
      n = meta = undefined;
    }
    this.frame(frame(id, type, flags, data, n, meta));
  }

  /** @param {number} id whether it was open */
  forget(id) {
    return this.#streams.delete(id);
  }

  /**
   * Opens a request. @param {number} type @param {string} route @param {Uint8Array} data @param {Handler} handler
   * @param {number} [n] payloads asked for; else as many as come, of a channel or stream
   */
  open(type, route, data, handler, n) {
    const stream = new Stream(this, this.#nextId, handler, n === undefined);
    this.#nextId += 2;
    if (this.#nextId > 2 ** 31) this.close(lost('this connection has no ids left for requests'));
    if (this.isOpen) {
      this.#streams.set(stream.id, stream);
      this.send(stream.id, type, 0, data, type === RESPONSE ? undefined : n ?? MESSAGES, routing(route));
    } else queueMicrotask(() => handler.error(lost('the connection is closed')));
    return stream;
  }

  /** Asks and gets the answer. @param {string} route @param {object} data @returns {Promise<any>} */
  request(route, data) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stream.cancel();
        reject(new LevadaError('TIMEOUT', `${route} was not answered within ${this.timeoutMs} ms`, true));
      }, this.timeoutMs);
      /** @param {(value: any) => void} end @param {any} value */
      const settle = (end, value) => {
        clearTimeout(timer);
        end(value);
      };
      const stream = this.open(RESPONSE, route, json(data), {
        next: answer => settle(resolve, JSON.parse(decoder.decode(answer))),
        error: error => settle(reject, error),
        complete: () => settle(resolve, undefined),
      });
    });
  }

  /** Gives the server another token, in band. @param {string} token */
  authenticate(token) {
    this.frame(frame(0, PUSH, METADATA, bearer(token)));
  }

  /** @param {Uint8Array} bytes */
  #receive(bytes) {
    const view = viewOf(bytes);
    const id = view.getUint32(0);
    const head = view.getUint16(4);
    const type = head >> 10;
    this.#silent = 0;
    if (!id) {
      if (type === ERROR) this.close(errorOf(view, bytes));
      else if (type === KEEPALIVE) {
        this.#opened();
        if (head & RESPOND) this.frame(frame(0, KEEPALIVE, 0, bytes.subarray(6)));
      }
      return;
    }
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (type === PAYLOAD) this.#payload(stream, head, bytes.subarray(head & METADATA ? 9 + (view.getUint32(6) >>> 8) : 6));
    else if (type === REQUEST_N) stream.permit(view.getUint32(6));
    else if (type === ERROR && this.forget(id)) stream.handler.error(errorOf(view, bytes));
  }

  /** @param {Stream} stream @param {number} head @param {Uint8Array} data */
  #payload(stream, head, data) {
    if (head & FOLLOWS || stream.size) {
      stream.parts.push(data);
      stream.size += data.length;
      if (stream.size > MAX_MESSAGE) throw invalid(`the server sends a message of more than ${MAX_MESSAGE} bytes`);
      if (head & FOLLOWS) return;
      data = joined(stream.parts);
      stream.parts = [];
      stream.size = 0;
    }
    if (head & COMPLETE) this.forget(stream.id);
    if (head & NEXT) stream.next(data);
    if (head & COMPLETE) stream.handler.complete();
  }
}

/** @param {DataView} view @param {Uint8Array} bytes */
function errorOf(view, bytes) {
  const said = decoder.decode(bytes.subarray(10));
  try {
    return wireError(JSON.parse(said));
  } catch {
    return new LevadaError(view.getUint32(6) < 0x100 ? 'INVALID_REQUEST' : 'CONNECTION_LOST', said, view.getUint32(6) >= 0x100);
  }
}

/** @param {{error: {code: string, message: string, retriable: boolean}}} said */
const wireError = ({error}) => new LevadaError(error.code, error.message, error.retriable);

// ---- the connection that is made anew

/** @type {any} */
const platform = globalThis;

/** Opens a log. @param {string} [url] that of the server the page came from, unless said @param {Options} [options] @returns {Promise<Levada>} */
export async function connect(url = '/rsocket', options = {}) {
  if (!URL.canParse(url, platform.location?.href)) throw invalid(`'${url}' is no URL; use one like ws://127.0.0.1:7880/rsocket`);
  const levada = new Levada(String(new URL(url, platform.location?.href)).replace(/^http/, 'ws'), options);
  await levada.ready().catch(error => {
    levada.close(error);
    throw error;
  });
  return levada;
}

/** Topics that single records were sent to and that keep their channel: a connection has 128 requests. */
const SENDERS = 32;

/** A log at a server: what connect gives. Its event `state` tells what became of the connection. */
export class Levada extends EventTarget {
  #url;
  #options;
  /** @type {Connection | undefined} */ #connection;
  /** @type {Set<Session>} */ #sessions = new Set();
  /** @type {LevadaError | undefined} */ #closed;
  /** @type {() => void} */ #wake = () => {};
  /** @type {Map<string, Publisher>} */ #senders = new Map();
  /** @type {'open' | 'waiting' | 'closed'} */ state = 'waiting';

  /** @param {string} url @param {Options} options */
  constructor(url, options) {
    super();
    this.#url = url;
    this.#options = options;
    /** @type {import('./types.d.ts').TopicAdmin} */
    this.topics = this.#admin('topics', 'name', ['create', 'alter', 'delete', 'deleteRecords']);
    /** @type {import('./types.d.ts').GroupAdmin} */
    this.groups = this.#admin('groups', 'group', ['reset', 'delete']);
    this.#live();
  }

  /** @param {string} kind @param {string} key what a name alone stands for @param {string[]} changes @returns {any} */
  #admin(kind, key, changes) {
    /** @type {{[name: string]: (what?: any) => Promise<any>}} */
    const admin = {list: async () => (await this.request(kind + '.list', {}, true))[kind]};
    for (const name of ['describe', ...changes])
      admin[name] = what => this.request(`${kind}.${name}`, typeof what === 'string' ? {[key]: what} : what, name === 'describe');
    return admin;
  }

  /** Connects, as long as this is not closed, and each time the connection was lost. */
  async #live() {
    for (let failures = 0; !this.#closed;) {
      const startedMs = Date.now();
      const error = await this.#once().catch(ours);
      this.#connection = undefined;
      if (this.#closed) return;
      if (!error.retriable) return this.close(error);
      if (Date.now() - startedMs > 1000) failures = 0;
      // Members come back before their partitions go to others.
      const most = [...this.#sessions].some(session => session.urgent) ? 1000 : 10_000;
      const retryInMs = Math.random() * Math.min(most, 100 * 2 ** failures++);
      for (const session of [...this.#sessions]) session.disconnected?.(error);
      this.#tell('waiting', error, retryInMs);
      await this.#pause(retryInMs);
    }
  }

  /** @returns {Promise<LevadaError>} how a connection ended */
  async #once() {
    const connection = new Connection(this.#url, this.#options, await this.#token());
    this.#connection = connection;
    const silent = setTimeout(() => connection.close(lost(`${this.#url} does not answer`)), connection.timeoutMs);
    const refused = await Promise.race([connection.opened, connection.ended]);
    clearTimeout(silent);
    if (refused) return refused;
    if (this.#closed) connection.close(this.#closed);
    else {
      this.#tell('open');
      for (const session of [...this.#sessions]) session.connected(connection);
    }
    return connection.ended;
  }

  /** @returns {Promise<string | undefined>} */
  async #token() {
    const {token} = this.#options;
    try {
      return typeof token === 'function' ? await token() : token;
    } catch (error) {
      throw lost(`there is no token: ${error}`);
    }
  }

  /** So long, or while there is no network until there is. @param {number} ms @returns {Promise<void>} */
  #pause(ms) {
    return new Promise(resolve => {
      /** @type {any} */
      let timer;
      this.#wake = () => {
        clearTimeout(timer);
        platform.removeEventListener?.('online', this.#wake);
        resolve();
      };
      if (platform.navigator?.onLine === false) platform.addEventListener('online', this.#wake);
      else timer = setTimeout(this.#wake, ms);
    });
  }

  /** @param {'open' | 'waiting' | 'closed'} state @param {LevadaError} [error] @param {number} [retryInMs] */
  #tell(state, error, retryInMs) {
    this.state = state;
    this.dispatchEvent(Object.assign(new Event('state'), {detail: {state, error, retryInMs}}));
  }

  /** Tells a session of this connection and those to come. @param {Session} session */
  attach(session) {
    if (this.#closed) return session.ended(this.#closed);
    this.#sessions.add(session);
    if (this.state === 'open' && this.#connection?.isOpen) session.connected(this.#connection);
  }

  /** @param {Session} session */
  detach(session) {
    this.#sessions.delete(session);
  }

  /** The connection, as soon as there is one. @returns {Promise<Connection>} */
  ready() {
    return new Promise((resolve, reject) => {
      /** @type {LevadaError} */
      let why = lost(`${this.#url} does not answer`);
      /** @param {(value: any) => void} end @param {any} value */
      const settle = (end, value) => {
        clearTimeout(timer);
        this.detach(session);
        end(value);
      };
      const timer = setTimeout(() => settle(reject, why), this.#options.connectTimeoutMs ?? 10_000);
      /** @type {Session} */
      const session = {
        connected: connection => settle(resolve, connection),
        disconnected: error => { why = error; },
        ended: error => settle(reject, error),
      };
      this.attach(session);
    });
  }

  /** Any request-response route of the protocol. @param {string} route @param {object} [data] @param {boolean} [again] whether it may be sent twice @returns {Promise<any>} */
  async request(route, data = {}, again = false) {
    for (;;) {
      const connection = await this.ready();
      try {
        return await connection.request(route, data);
      } catch (error) {
        const {code} = ours(error);
        if (code !== 'TIMEOUT' && (connection.isOpen || !PASSING.has(code))) throw error;
        if (!again) throw new LevadaError('OUTCOME_UNKNOWN', `${route} was not answered, and may have been done or not; look before you ask again`, true, {cause: error});
        if (code === 'TIMEOUT') throw error;
      }
    }
  }

  /** How the server's subscriptions stand, each time when it is asked for. @param {{topic?: string, group?: string, limit?: number, intervalMs?: number}} [options] @returns {AsyncGenerator<Json, void>} */
  async *stats(options = {}) {
    /** @type {((step?: Json | LevadaError) => void)} */
    let came = () => {};
    /** @type {Stream | undefined} */
    let stream;
    /** @type {Handler} */
    const handler = {next: data => came(JSON.parse(decoder.decode(data))), error: error => came(error), complete: () => came(closed())};
    try {
      for (;;) {
        const next = new Promise(resolve => came = resolve);
        if (stream) stream.request(1);
        else stream = (await this.ready()).open(STREAM, 'stats', json(options), handler, 1);
        const step = await next;
        if (!(step instanceof LevadaError)) yield step;
        else if (!PASSING.has(step.code)) throw step;
        else {
          stream = undefined;
          await pause(200);
        }
      }
    } finally {
      stream?.cancel();
    }
  }

  /** @param {string} name */
  topic(name) {
    return new Topic(this, name);
  }

  /** @param {string} name */
  group(name) {
    return {
      name,
      /** Joins it. @param {string | string[]} topics names, or patterns @param {MemberOptions} [options] */
      subscribe: (topics, options = {}) => new Member(this, name, [topics].flat(), options),
    };
  }

  /** What sends single records to a topic. @param {string} topic */
  sender(topic) {
    let sender = this.#senders.get(topic);
    if (sender && !sender.failed) return sender;
    for (const [name, each] of this.#senders) {
      if (this.#senders.size < SENDERS) break;
      if (each.isIdle) {
        each.ended(closed());
        this.#senders.delete(name);
      }
    }
    this.#senders.set(topic, sender = new Publisher(this, topic, {}));
    return sender;
  }

  /** Asks for a token again and tells the server, in band. */
  async refresh() {
    const token = await this.#token();
    if (token !== undefined) this.#connection?.authenticate(token);
  }

  /** Drops the connection as if it had been lost, or waits no longer for the next one, over which what is open goes on. */
  reconnect() {
    this.#wake();
    this.#connection?.close(lost('the connection was dropped to make a new one'));
  }

  /** Ends everything open. @param {LevadaError} [error] */
  async close(error) {
    if (this.#closed) return;
    if (!error) await Promise.all([...this.#sessions].map(session => session.leave?.()));
    this.#closed = error ?? closed();
    this.#wake();
    this.#connection?.close(this.#closed);
    const open = [...this.#sessions];
    this.#sessions.clear();
    for (const session of open) session.ended(this.#closed);
    this.#tell('closed', error);
  }
}

/** How often a channel is refused for want of room, without anything in between, before it says so. */
const REFUSED = 5;

/**
 * A channel that is opened anew over each connection, and over the same one where it ended with what may pass.
 * @typedef {object} Owner
 * @property {(connection: Connection) => [string, Uint8Array] | Promise<[string, Uint8Array]>} open its route and first message
 * @property {() => void} [opened]
 * @property {(data: Uint8Array) => void} next
 * @property {() => void} [complete]
 * @property {(error: LevadaError) => boolean} [mends] whether it may be opened again after an error
 * @property {(error: LevadaError) => void} ended
 * @property {() => Promise<void>} [leave]
 * @property {boolean} [urgent]
 */
class Line {
  #levada;
  #owner;
  /** @type {Stream | undefined} */ #stream;
  /** @type {Connection | undefined} */ #connection;
  #refused = 0;
  #over = false;

  /** @param {Levada} levada @param {Owner} owner */
  constructor(levada, owner) {
    this.#levada = levada;
    this.#owner = owner;
    this.urgent = owner.urgent;
    this.ended = owner.ended.bind(owner);
    this.leave = owner.leave?.bind(owner);
  }

  /** @param {Connection} connection */
  async connected(connection) {
    this.#connection = connection;
    this.#stream = undefined;
    try {
      const [route, first] = await this.#owner.open(connection);
      if (this.#over || this.#connection !== connection || this.#stream) return;
      /** @param {(value: any) => void} heard @returns {(value?: any) => void} */
      const mine = heard => value => this.#stream === stream && heard(value);
      const stream = this.#stream = connection.open(CHANNEL, route, first, {
        next: mine(data => {
          try {
            this.#refused = 0;
            this.#owner.next(data);
          } catch (error) {
            this.#owner.ended(ours(error));
          }
        }),
        error: mine(error => this.#failed(connection, error)),
        complete: mine(() => this.#owner.complete ? this.#owner.complete() : this.#failed(connection, closed())),
      });
      this.#owner.opened?.();
    } catch (error) {
      this.#failed(connection, ours(error));
    }
  }

  /** @param {Connection} connection @param {LevadaError} error */
  async #failed(connection, error) {
    if (this.#over || this.#connection !== connection) return;
    this.#stream = undefined;
    if (error.code === 'THROTTLED' && ++this.#refused > REFUSED) return this.#owner.ended(error);
    try {
      if (error.code === 'TOKEN_EXPIRED') await this.#levada.refresh();
      else if (!(this.#owner.mends?.(error) ?? PASSING.has(error.code))) return this.#owner.ended(error);
    } catch (refused) {
      return this.#owner.ended(ours(refused));
    }
    await pause(100 + Math.random() * 400);
    if (connection.isOpen && this.#connection === connection && !this.#stream && !this.#over) this.connected(connection);
  }

  /** Sends, unless there is no connection; what is opened next begins anew. @param {Uint8Array} data */
  send(data) {
    this.#stream?.send(data);
  }

  get isOpen() {
    return !!this.#stream;
  }

  /** Opens nothing any more. */
  end() {
    this.#over = true;
    this.#levada.detach(this);
    this.#stream?.cancel();
    this.#stream = undefined;
  }
}

// ---- what a loop takes

/** A grant that is used up so soon was a small one. */
const QUICK_MS = 200;
/** For a grant that it takes so long for, a loop is slow. */
const SLOW_MS = 500;

/**
 * Records that come against demand. What is permitted follows the loop that takes them: from one record up to the window,
 * doubled when the loop waits and what was permitted had all come, or had come within a fifth of a second, as from far away it
 * does though more is on its way; halved when the loop takes more than half a second for it.
 */
class Flow {
  /** @type {(Batch | (() => void))[]} batches, and what is to be done between them */ #entries = [];
  /** @type {Generator<Record, void> | undefined} of the batch that is being taken */ #records;
  /** @type {Batch | undefined} */ #batch;
  /** @type {(() => void) | undefined} the loop that waits */ #waiter;
  #begun = false;
  #ended = false;
  #dropped = false;
  /** @type {LevadaError | undefined} */ #error;
  #window = 1;
  #spent = false;
  /** Records that have come so far. */ #came = 0;
  /** @type {{came: number, ms: number} | undefined} what has come when all of a grant has, and when it was made */ #grant;
  #waited = false;
  #grantedMs = 0;
  #permittedBytes = 0;
  #heldBytes = 0;
  /** Records that are permitted and have not come. */ #permitted = 0;
  /** Records that are here and were not taken. */ held = 0;

  /** @param {ReadOptions} options @param {'pause' | 'run'} hidden */
  constructor(options, hidden) {
    const window = typeof options.window === 'number' ? {records: options.window} : options.window ?? {};
    this.#most = window.records ?? 8192;
    this.#mostBytes = window.bytes ?? 1 << 20;
    if (!(this.#most >= 1 && this.#mostBytes >= 1)) throw invalid('a window is of one record, and one byte, at least');
    this.#hidden = options.hidden ?? hidden;
    this.#signal = options.signal;
    platform.document?.addEventListener('visibilitychange', this.#shown);
  }

  #most;
  #mostBytes;
  #signal;
  #hidden;
  #shown = () => this.#waiter && this.#ask();

  /** Records permitted and not taken: on their way, or here. */
  get demand() {
    return this.#permitted + this.held;
  }

  /** @param {number} records @param {number} bytes permits so many more @abstract */
  credit(records, bytes) {}
  /** Begins to read; called when the first record is asked for. @abstract */
  begin() {}
  /** Stops reading; called once. @abstract */
  stop() {}
  /** A record, or a whole batch, goes to the loop. @param {Record | Batch} taken @abstract */
  taken(taken) {}
  /** Nothing of a batch is left. @param {Batch} batch @abstract */
  drained(batch) {}

  /** Begins on another connection, where nothing is permitted yet. */
  restart() {
    this.#permitted = this.#permittedBytes = 0;
    this.#grant = undefined;
    if (this.#waiter) this.#ask();
  }

  /** @param {Batch} batch */
  offer(batch) {
    if (this.#ended) return;
    this.#permitted -= batch.count;
    this.#permittedBytes -= batch.byteLength;
    this.held += batch.count;
    this.#heldBytes += batch.byteLength;
    this.#came += batch.count;
    this.#spent ||= this.#permitted <= 0;
    if (this.#grant && this.#came >= this.#grant.came) {
      this.#spent ||= Date.now() - this.#grant.ms < QUICK_MS;
      this.#grant = undefined;
    }
    this.between(batch);
  }

  /** Something to be done when all that came before was taken. @param {Batch | (() => void)} entry */
  between(entry) {
    if (this.#ended) return;
    this.#entries.push(entry);
    this.#notify();
  }

  /** Nothing follows what came. @param {LevadaError} [error] */
  finish(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    platform.document?.removeEventListener('visibilitychange', this.#shown);
    this.stop();
    this.#notify();
  }

  /** Ends it; what came and was not taken is dropped. @param {LevadaError} [error] */
  cancel(error) {
    this.#entries = [];
    this.#records = this.#batch = undefined;
    this.held = this.#heldBytes = 0;
    this.#dropped = true;
    this.finish(error);
  }

  #notify() {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }

  /** Permits more, where at least half of the window is free. */
  #ask() {
    const records = this.#window - this.demand;
    const bytes = this.#mostBytes - this.#permittedBytes - this.#heldBytes;
    if (this.#ended || this.#hidden === 'pause' && platform.document?.hidden || records < this.#window / 2 && bytes < this.#mostBytes / 2) return;
    const now = Date.now();
    if (this.#grantedMs && !this.#waited && now - this.#grantedMs > SLOW_MS) this.#window = Math.max(1, this.#window >> 1);
    this.#grantedMs = now;
    this.#waited = false;
    const more = Math.max(0, this.#window - this.demand);
    this.#permitted += more;
    this.#permittedBytes += Math.max(0, bytes);
    this.#grant ??= {came: this.#came + this.#permitted, ms: now};
    this.credit(more, Math.max(0, bytes));
  }

  /** The next record of the batch that is being taken, if there is one. @returns {Promise<IteratorResult<Record, undefined>> | undefined} */
  #poll() {
    const step = this.#records?.next();
    if (!step) return undefined;
    if (!step.done) {
      this.held--;
      this.taken(step.value);
      return Promise.resolve(step);
    }
    const batch = /** @type {Batch} */ (this.#batch);
    this.#records = this.#batch = undefined;
    this.#heldBytes -= batch.byteLength;
    this.drained(batch);
    return undefined;
  }

  /** Of an iterator: the next record. @returns {Promise<IteratorResult<Record, undefined>>} */
  #next = () => {
    try {
      this.#ask();
      return this.#poll() ?? this.#advance(false);
    } catch (error) {
      return this.#fail(error);
    }
  };

  /** @param {unknown} error @returns {Promise<any>} */
  #fail(error) {
    this.cancel();
    return Promise.reject(error);
  }

  /** Waits for what comes next. @param {boolean} whole whether batches are taken whole @returns {Promise<any>} */
  async #advance(whole) {
    if (this.#waiter) throw invalid('one next() at a time: wait for the one before');
    if (!this.#begun) {
      this.#begun = true;
      whenAborted(this.#signal, () => this.cancel());
      if (!this.#ended) this.begin();
    }
    for (;;) {
      const entry = this.#entries.shift();
      try {
        if (typeof entry === 'function') entry();
        else if (entry) {
          await entry.inflate();
          if (this.#dropped) continue;
          this.#batch = entry;
          this.#records = whole ? undefined : entry[Symbol.iterator]();
          if (whole) {
            this.held -= entry.count;
            this.#heldBytes -= entry.byteLength;
            this.taken(entry);
            if (entry.count) return {value: entry, done: false};
          }
          const step = this.#poll();
          if (step) return step;
        } else if (this.#ended) {
          if (!this.#error) return {value: undefined, done: true};
          throw this.#error;
        } else await this.#wait();
      } catch (error) {
        return this.#fail(error);
      }
    }
  }

  #wait() {
    if (this.#spent) {
      this.#window = Math.min(this.#most, this.#window * 2);
      this.#spent = false;
    }
    this.#ask();
    this.#waited = true;
    return new Promise(resolve => this.#waiter = () => resolve(undefined));
  }

  /** Its one taker. @template T @param {() => Promise<IteratorResult<T, undefined>>} next @returns {AsyncIterableIterator<T, undefined>} */
  #taker(next) {
    if (this.#begun) throw invalid('it is being taken already, and can be once');
    return {
      next,
      return: async () => {
        this.cancel();
        return {value: undefined, done: true};
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator]() {
    return this.#taker(this.#next);
  }

  /** Whole batches instead of records. @returns {AsyncIterableIterator<Batch, undefined>} */
  batches() {
    return this.#taker(() => {
      this.#ask();
      return this.#advance(true);
    });
  }

  /** @returns {ReadableStream<Record>} */
  stream() {
    const records = this[Symbol.asyncIterator]();
    return new ReadableStream({
      pull: async controller => {
        const step = await records.next();
        if (step.done) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: () => this.cancel(),
    }, {highWaterMark: 0});
  }

  /** Calls back with each record, one after the other. @param {(record: Record) => any} next @param {{error?: (error: any) => void, complete?: () => void}} [then] @returns {() => void} ends it */
  forEach(next, {error, complete} = {}) {
    (async () => {
      for await (const record of this) await next(record);
    })().then(complete, error ?? (failure => { throw failure; }));
    return () => this.cancel();
  }
}

// ---- readings

/** A topic's name, and what can be done with it. */
class Topic {
  #levada;

  /** @param {Levada} levada @param {string} name */
  constructor(levada, name) {
    this.#levada = levada;
    this.name = name;
  }

  /** @param {ReadOptions} [options] */
  read(options = {}) {
    return new Reading(this.#levada, this.name, options);
  }

  /** Publishes records as they are acknowledged. @param {Iterable<NewRecord> | AsyncIterable<NewRecord>} records @param {PublishOptions} [options] */
  publish(records, options = {}) {
    return publish(this.#levada, this.name, records, options);
  }

  /** Publishes one; a promise of its place, where it is durable. @param {NewRecord} record @returns {Promise<Ack>} */
  send(record) {
    return new Promise((resolve, reject) => {
      this.#levada.sender(this.name).add(record, (ack, error) => ack ? resolve(ack) : reject(error));
    });
  }
}

/** Codecs that this client inflates; the server inflates the others. */
const ACCEPT = ['gzip'];

/** What comes on a batched channel. @param {Uint8Array} data @param {{[kind: number]: (view: DataView, handle: number, data: Uint8Array) => void}} kinds */
function dispatch(data, kinds) {
  const view = viewOf(data);
  kinds[data[0]]?.(view, view.getInt32(1), data);
}

/** @param {Uint8Array} data of an END; its error, if it has one */
const endError = data => data.length > 5 ? wireError(JSON.parse(decoder.decode(data.subarray(5)))) : undefined;

const TOKEN = 't1.';

/** @param {{logId: string, id: string}} topic @param {Map<number, number>} next */
function encodeToken({logId, id}, next) {
  const bytes = new Uint8Array(32 + 12 * next.size);
  const view = viewOf(bytes);
  (logId + id).replaceAll('-', '').match(/../g)?.forEach((hex, i) => bytes[i] = parseInt(hex, 16));
  [...next].sort(([a], [b]) => a - b).forEach(([partition, offset], i) => {
    view.setInt32(32 + 12 * i, partition);
    setLong(view, 36 + 12 * i, offset);
  });
  return TOKEN + base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @param {string} token @returns {[number, number][]} */
function decodeToken(token) {
  let bytes = NOTHING;
  try {
    bytes = Uint8Array.from(atob(token.slice(TOKEN.length).replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
  } catch {}
  if (bytes.length < 32 || (bytes.length - 32) % 12) throw invalid('the token is damaged; use one exactly as it was given');
  const view = viewOf(bytes);
  return Array.from({length: (bytes.length - 32) / 12}, (_, i) => [view.getInt32(32 + 12 * i), getLong(view, 36 + 12 * i)]);
}

/** A topic, or one of its partitions, from a place on; over any number of connections without gap or duplicate. */
class Reading extends Flow {
  #levada;
  #line;
  #topic;
  #options;
  /** @type {{logId: string, id: string} | undefined} */ #place;
  /** @type {Map<number, number>} where each partition goes on, as far as it has come here */ #next = new Map();
  /** @type {Map<number, number>} the same, as far as it was taken */ #taken = new Map();
  /** @type {Set<number>} */ #partitions = new Set();
  /** @type {Set<number>} */ #finished = new Set();
  /** @type {Record | undefined} */ #last;
  #from;
  #to;
  #timed;

  /** @param {Levada} levada @param {string} topic @param {ReadOptions} options */
  constructor(levada, topic, options) {
    super(options, 'pause');
    this.#levada = levada;
    this.#line = new Line(levada, this);
    this.#topic = topic;
    this.#options = options;
    this.#from = options.from ?? 'latest';
    this.#timed = this.#from.startsWith('time:');
    this.#to = options.to;
  }

  /** The place behind the records taken so far, to be given as `from`; undefined until there is one: before the first connection, and from a time until the server has told where that is. @returns {string | undefined} */
  get token() {
    const taken = new Map(this.#taken);
    if (this.#last) taken.set(this.#last.partition, this.#last.offset + 1);
    return this.#place && !this.#isVague(taken) ? encodeToken(this.#place, taken) : undefined;
  }

  /** Whether there are partitions of which only a time is known. @param {Map<number, number>} known */
  #isVague(known) {
    return this.#timed && [...this.#partitions].some(each => !known.has(each));
  }

  /** @override */
  begin() {
    this.#levada.attach(this.#line);
  }

  /** @override */
  stop() {
    this.#line.end();
  }

  /** @override @param {number} records @param {number} bytes */
  credit(records, bytes) {
    this.#line.send(message(3, [], [records, bytes]));
  }

  /** @override @param {Record | Batch} taken */
  taken(taken) {
    if (taken instanceof Record) this.#last = taken;
    else this.drained(taken);
  }

  /** @override @param {Batch} batch */
  drained(batch) {
    this.#last = undefined;
    this.#taken.set(batch.partition, batch.nextOffset);
  }

  /** @param {Connection} connection @returns {Promise<[string, Uint8Array]>} */
  async open(connection) {
    const topic = await connection.request('topics.describe', {name: this.#topic});
    if (!this.#place) this.#settle(topic);
    else if (this.#place.logId !== topic.logId || this.#place.id !== topic.id)
      throw new LevadaError('LOG_CHANGED', `what is called ${this.#topic} there now is another topic, or of another log; start anew`);
    else if (this.#next.size) this.#goOn(topic);
    const {partition, filter, overflow, label} = this.#options;
    return ['read.batched', openOf({topic: this.#topic, partition, from: this.#from, to: this.#to, filter, overflow, label, accept: ACCEPT})];
  }

  opened() {
    this.restart();
  }

  complete() {
    this.finish();
  }

  /** Settles what `latest` and `now` mean. @param {Json} topic */
  #settle(topic) {
    const {partition} = this.#options;
    const from = this.#from;
    this.#place = topic;
    /** @type {Map<number, number>} */
    const durable = new Map();
    for (const each of topic.partitions) if (partition === undefined || partition === each.partition) durable.set(each.partition, each.durable);
    this.#partitions = new Set(durable.keys());
    if (from === 'latest') this.#next = durable;
    else if (from.startsWith('offset:')) for (const each of durable.keys()) this.#next.set(each, +from.slice(7));
    else if (from.startsWith(TOKEN)) this.#next = new Map(decodeToken(from));
    this.#taken = new Map(this.#next);
    if (from === 'latest') this.#from = encodeToken(topic, durable);
    if (this.#to === 'now') this.#to = encodeToken(topic, durable);
    if (from.startsWith(encodeToken(topic, new Map()))) this.#goOn(topic); // a token of this very topic
  }

  /** Goes on behind what has come. @param {Json} topic */
  #goOn(topic) {
    for (const {partition, start} of topic.partitions) {
      const at = this.#next.get(partition);
      if (at !== undefined && at < start && this.#partitions.has(partition) && !this.#finished.has(partition)) this.#gap(partition, at, start);
    }
    this.#from = encodeToken(topic, this.#next);
  }

  /** @param {Uint8Array} bytes */
  next(bytes) {
    dispatch(bytes, {
      0x21: (view, handle, data) => {
        if (this.#finished.has(handle)) return;
        const batch = new Batch(this.#topic, handle, data.subarray(9));
        this.#next.set(handle, batch.nextOffset);
        this.offer(batch);
      },
      0x22: (view, handle) => this.#gap(handle, getLong(view, 5), getLong(view, 13)),
      0x23: (view, handle, data) => {
        this.#finished.add(handle);
        const error = endError(data);
        if (error) this.between(() => { throw error; });
      },
      0x24: (view, handle) => this.#skip(handle, getLong(view, 5), () => {}),
      0x25: (view, handle) => {
        const [from, to] = [getLong(view, 5), getLong(view, 13)];
        this.#skip(handle, to, () => this.#options.onDropped?.({topic: this.#topic, partition: handle, from, to}));
      },
    });
  }

  /** @param {number} partition @param {number} from @param {number} to */
  #gap(partition, from, to) {
    const gap = {topic: this.#topic, partition, from, to};
    this.#skip(partition, to, () => {
      if (!this.#options.onGap) throw new LevadaError('OFFSET_OUT_OF_RANGE',
        `offsets ${from} to ${to} of ${this.#topic} ${partition} are gone; read on from offset:${to}, or give onGap`, false, gap);
      this.#options.onGap(gap);
    });
  }

  /** A partition goes on at an offset, without records. @param {number} partition @param {number} offset @param {() => void} tell */
  #skip(partition, offset, tell) {
    this.#next.set(partition, offset);
    this.between(() => {
      tell();
      this.#taken.set(partition, offset);
    });
  }

  /** A time is no place to go on from, if records have come of some partitions and of others not even where it is. @param {LevadaError} error */
  mends(error) {
    if (this.#next.size && this.#isVague(this.#next))
      this.finish(lost(`the connection was lost before a record of each partition had come; read ${this.#topic} again from ${this.#from}`));
    return PASSING.has(error.code);
  }

  /** @param {LevadaError} error */
  ended(error) {
    this.finish(error);
  }
}

// ---- groups

/** How long what was delivered is waited for when a member leaves, and the server's answer after it. */
const LEAVE_MS = 5000;
const COMMIT_MS = 1000;

/** One partition that a member owns; iterating it gives its records, until it is handed over. */
class Assignment extends Flow {
  #member;
  #line;
  #next;
  /** @type {Map<number, number>} what is not acknowledged, by its last offset: where to go on if it comes first */ #open = new Map();
  #settled;
  #begun = false;
  #whenDrained = () => {};
  /** Of one that is being handed over, what was taken is waited for. @type {Promise<void> | undefined} */ going;
  /** Its commit was refused, and is not tried again. */ refused = false;

  /** @param {Levada} levada @param {Member} member @param {MemberOptions} options @param {{handle: number, topic: string, partition: number, generation: number, start: number}} told */
  constructor(levada, member, options, {handle, topic, partition, generation, start}) {
    super(options, 'run');
    this.#member = member;
    this.#line = new Line(levada, this);
    this.handle = handle;
    this.topic = topic;
    this.partition = partition;
    this.generation = generation;
    /** The offset it begins at. */
    this.start = start;
    /** The next offset as committed. */
    this.committed = start;
    this.#next = this.#settled = start;
  }

  /** Where whoever comes after goes on: the first that was taken and not acknowledged, or what is next. */
  get position() {
    for (const offset of this.#open.values()) return offset;
    return this.#settled;
  }

  /** Takes note that a record, all up to a batch's end, or an offset was dealt with; in any order. @param {Record | Batch | number} what */
  ack(what) {
    if (!this.#open.delete(typeof what === 'number' ? what : what instanceof Batch ? what.nextOffset - 1 : what.offset)) return;
    this.#member.acked();
    if (!this.#open.size) this.#whenDrained();
  }

  /** Gives no more, and waits so long for what was taken to be acknowledged. @param {number} ms @returns {Promise<void>} */
  release(ms) {
    return this.going ??= new Promise(resolve => {
      const timer = setTimeout(() => this.#whenDrained(), ms);
      this.#whenDrained = () => {
        clearTimeout(timer);
        resolve();
      };
      this.cancel();
      if (!this.#open.size) this.#whenDrained();
    });
  }

  /** @override */
  begin() {
    this.#begun = true;
    this.joined(this.#member.connection);
  }

  /** @override */
  stop() {
    this.#line.end();
  }

  /** @override @param {number} records @param {number} bytes */
  credit(records, bytes) {
    this.#line.send(message(3, [], [records, bytes]));
  }

  /** @override @param {Record | Batch} taken */
  taken(taken) {
    const whole = taken instanceof Batch;
    const next = whole ? taken.nextOffset : taken.offset + 1;
    this.#open.set(next - 1, whole ? this.#settled : taken.offset);
    this.#settled = next;
  }

  /** @override @param {Batch} batch */
  drained(batch) {
    this.#skip(batch.nextOffset);
  }

  /** @param {number} offset */
  #skip(offset) {
    if (offset <= this.#settled) return;
    this.#settled = offset;
    this.#member.acked();
  }

  /** Reads over a connection on which the member has joined. @param {Connection | undefined} connection */
  joined(connection) {
    if (connection?.isOpen && this.#begun && !this.going) this.#line.connected(connection);
  }

  /** @returns {[string, Uint8Array]} */
  open() {
    return ['group.partition.batched', openOf({member: this.#member.id, accept: ACCEPT})];
  }

  opened() {
    this.#line.send(message(4, [this.handle], [this.#next]));
    this.restart();
  }

  /** @param {LevadaError} error */
  ended(error) {
    this.finish(error);
  }

  /** @param {Uint8Array} bytes */
  next(bytes) {
    dispatch(bytes, {
      0x21: (view, handle, data) => {
        const batch = new Batch(this.topic, this.partition, data.subarray(9));
        this.#next = batch.nextOffset;
        this.offer(batch);
      },
      0x22: view => this.#pass(getLong(view, 13)),
      0x23: (view, handle, data) => {
        const error = endError(data);
        if (error) this.finish(error);
      },
      0x24: view => this.#pass(getLong(view, 5)),
    });
  }

  /** @param {number} offset */
  #pass(offset) {
    this.#next = offset;
    this.between(() => this.#skip(offset));
  }
}

/** A member of a group: iterating it gives the partitions that it owns, one after the other as it gets them. */
class Member {
  #levada;
  #join;
  #options;
  #line;
  /** @type {string | undefined} */ #secret;
  /** @type {Assignment[]} not yet taken */ #news = [];
  /** @type {(() => void) | undefined} */ #waiter;
  #ended = false;
  /** @type {LevadaError | undefined} */ #error;
  /** @type {Set<number>} handles that were handed over, as far as the server is known not to have forgotten them */ #given = new Set();
  /** @type {Map<number, (error?: LevadaError) => void>} */ #commits = new Map();
  #commitId = 0;
  /** @type {Promise<void> | undefined} */ #committing;
  /** @type {any} */ #timer;
  /** @type {Promise<void> | undefined} */ #leaving;
  #gone = () => {};
  /** The owned partitions by handle. @type {Map<number, Assignment>} */ #owned = new Map();
  /** @type {Connection | undefined} */ #opening;
  /** On which it has joined. @type {Connection | undefined} */ connection;
  urgent = true;
  /** Its name in the group, once it has joined. @type {string | undefined} */ id;
  /** Why it owns nothing; null while it owns something. @type {string | null} */ idle = null;

  /** @param {Levada} levada @param {string} group @param {string[]} topics @param {MemberOptions} options */
  constructor(levada, group, topics, options) {
    const {name, instanceId, from, maxStallMs, filter} = options;
    this.#levada = levada;
    this.#options = options;
    this.#join = {type: 'join', group, topics, memberName: name, instanceId, from, maxStallMs, filter};
    this.#line = new Line(levada, this);
    levada.attach(this.#line);
    whenAborted(options.signal, () => this.leave());
  }

  /** Those that it owns now. */
  get assignments() {
    return [...this.#owned.values()];
  }

  /** @param {Connection} connection @returns {[string, Uint8Array]} */
  open(connection) {
    this.#opening = connection;
    return ['group', json({...this.#join, member: this.id, secret: this.#secret})];
  }

  complete() {
    this.ended();
  }

  /** @param {Uint8Array} data */
  next(data) {
    const told = JSON.parse(decoder.decode(data));
    const assignment = this.#owned.get(told.handle);
    switch (told.type) {
      case 'joined':
        this.id = told.member;
        this.#secret = told.secret;
        delete told.secret;
        this.connection = this.#opening;
        break;
      case 'rejoined':
        this.connection = this.#opening;
        this.#loseAllBut(told.handles);
        for (const handle of this.#given) this.#say({type: 'revoked', handle});
        for (const each of this.assignments) each.joined(this.connection);
        break;
      case 'assigned':
        if (assignment || this.#given.has(told.handle)) return;
        this.idle = null;
        this.#take(new Assignment(this.#levada, this, this.#options, told));
        break;
      case 'revoking':
        if (assignment) this.#handOver(assignment, told.withinMs - Math.min(1000, told.withinMs / 4));
        break;
      case 'lost':
        this.#lose(told.handle);
        break;
      case 'seeked':
        assignment?.cancel();
        this.#owned.delete(told.handle);
        break;
      case 'idle':
        this.idle = told.reason;
        break;
      case 'committed':
        this.#commits.get(told.id)?.(told.error && wireError(told));
        return;
    }
    this.#options.onEvent?.(told);
  }

  /** @param {Assignment} assignment */
  #take(assignment) {
    this.#owned.set(assignment.handle, assignment);
    this.#news.push(assignment);
    this.#waiter?.();
  }

  /** @param {object} what */
  #say(what) {
    this.#line.send(json(what));
  }

  /** @param {number} handle */
  #lose(handle) {
    this.#given.delete(handle);
    this.#owned.get(handle)?.cancel(new LevadaError('FENCED_MEMBER_EPOCH', 'this partition was taken from this member; it may have another owner'));
    this.#owned.delete(handle);
  }

  /** @param {number[]} handles */
  #loseAllBut(handles) {
    for (const handle of [...this.#owned.keys(), ...this.#given]) if (!handles.includes(handle)) this.#lose(handle);
  }

  /** @param {Assignment} assignment @param {number} ms */
  async #handOver(assignment, ms) {
    if (assignment.going) return;
    await assignment.release(ms);
    await this.commit();
    if (!this.#owned.delete(assignment.handle)) return;
    this.#given.add(assignment.handle);
    this.#say({type: 'revoked', handle: assignment.handle});
  }

  /** Something may be committed. */
  acked() {
    this.#timer ??= setTimeout(() => this.commit(), COMMIT_MS);
  }

  /** Commits what was acknowledged; when the promise is fulfilled, that is durable, or its partitions are not this member's any more. @returns {Promise<void>} */
  async commit() {
    await this.#committing;
    await (this.#committing ??= this.#commitAll().finally(() => this.#committing = undefined));
  }

  async #commitAll() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let one = false; !this.#ended;) {
      const news = this.assignments.filter(each => each.position > each.committed && !each.refused).slice(0, one ? 1 : Infinity);
      if (!news.length) return;
      const positions = news.map(each => each.position);
      const error = await this.#commitOf(news.map(({handle}, i) => ({handle, offset: positions[i]})));
      if (!error) news.forEach((each, i) => each.committed = positions[i]);
      else if (error.retriable) await pause(200);
      else if (one) news[0].refused = true;
      else one = true;
      if (!error && !one) return;
    }
  }

  /** @param {{handle: number, offset: number}[]} offsets @returns {Promise<LevadaError | undefined>} */
  #commitOf(offsets) {
    const id = ++this.#commitId;
    return new Promise(resolve => {
      if (!this.connection?.isOpen) return resolve(lost('not connected'));
      this.#commits.set(id, resolve);
      this.#say({type: 'commit', id, offsets});
    }).finally(() => this.#commits.delete(id));
  }

  /** Ends its loops, waits for what was taken to be acknowledged, commits, and leaves; the partitions go to others. @returns {Promise<void>} */
  leave() {
    return this.#leaving ??= (async () => {
      const left = new Promise(resolve => this.#gone = () => resolve(undefined));
      if (!this.id) return this.ended();
      await Promise.all(this.assignments.map(each => each.release(LEAVE_MS)));
      await within(this.commit(), LEAVE_MS);
      if (!this.#ended) {
        this.#say({type: 'leave'});
        await within(left, LEAVE_MS);
      }
      this.ended();
    })();
  }

  #disconnected() {
    this.connection = undefined;
    this.#commits.forEach(answer => answer(lost('the connection was lost')));
  }

  /** @param {LevadaError} error */
  mends(error) {
    this.#disconnected();
    const forgotten = error.code === 'UNKNOWN_MEMBER_ID' && !!this.id;
    if (forgotten) {
      this.id = this.#secret = undefined;
      this.#loseAllBut([]);
      if (this.#leaving) this.ended();
    }
    return forgotten || PASSING.has(error.code);
  }

  /** @param {LevadaError} [error] */
  ended(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    clearTimeout(this.#timer);
    this.#disconnected();
    this.#line.end();
    for (const each of this.assignments) each.finish(error);
    this.#owned.clear();
    this.#gone();
    this.#waiter?.();
  }

  /** @returns {AsyncIterableIterator<Assignment, undefined>} */
  [Symbol.asyncIterator]() {
    return {
      next: async () => {
        for (;;) {
          const value = this.#news.shift();
          if (value && this.#owned.get(value.handle) === value) return {value, done: false};
          if (this.#error) throw this.#error;
          if (this.#ended || this.#leaving) return {value: undefined, done: true};
          if (!value) await new Promise(resolve => this.#waiter = () => resolve(undefined));
        }
      },
      return: async () => {
        await this.leave();
        return {value: undefined, done: true};
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

// ---- publishing

/** Bytes at which a batch goes without waiting for more. */
const BATCH = 64 << 10;

/** @typedef {(ack?: Ack, error?: LevadaError) => void} Done */
/** `told`: how many of its records are acknowledged; `heard`: by the present channel. @typedef {{partition: number, count: number, bytes?: Uint8Array, times: number[], done: Done[], told: number, heard: number}} Sealed */

/**
 * Sends records to a topic, each stored once and in order: it numbers the records of each partition, keeps what is not
 * acknowledged, and sends that again over the next connection. Where the server gives no ids nothing is numbered, and nothing
 * sent again: with a channel that is lost, it ends if something of it is not acknowledged, and goes on otherwise. A lone record goes at once; while a partition has a batch on
 * its way, the next one fills.
 */
class Publisher {
  #topic;
  #options;
  #line;
  /** @type {{id: string, epoch: number} | undefined} */ #producer;
  /** @type {Map<number, number>} */ #sequences = new Map();
  #partitions = 0;
  #limit = Infinity;
  #sticky = Math.floor(Math.random() * HIGH);
  /** @type {Map<number, {builder: BatchBuilder, times: number[], done: Done[]}>} by partition, being filled */ #open = new Map();
  /** @type {Set<Sealed>} everything not acknowledged, in order */ #pending = new Set();
  /** @type {Sealed[]} those that this channel was not given */ #unsent = [];
  /** @type {Map<number, Sealed>} by the channel's sequence */ #sent = new Map();
  /** @type {[NewRecord, Done][]} given before the partitions were known */ #early = [];
  #sequence = 0;
  #batches = 0;
  #bytes = 0;
  #repairing = false;
  /** @type {LevadaError | undefined} */ failed;

  /** @param {Levada} levada @param {string} topic @param {PublishOptions} options */
  constructor(levada, topic, options) {
    this.#topic = topic;
    this.#options = options;
    this.#line = new Line(levada, this);
    levada.attach(this.#line);
  }

  get isIdle() {
    return !this.#pending.size && !this.#open.size && !this.#early.length;
  }

  /** Adds a record, and tells when it is durable. @param {NewRecord} record @param {Done} done */
  add(record, done) {
    if (this.failed) return done(undefined, this.failed);
    if (!this.#partitions) return void this.#early.push([record, done]);
    try {
      const key = bytesOf(record.key);
      const count = this.#partitions;
      const partition = record.partition ?? this.#options.partition ?? (key ? (murmur2(key) & 0x7fffffff) : this.#sticky) % count;
      if (!(Number.isInteger(partition) && partition >= 0 && partition < count))
        throw new LevadaError('UNKNOWN_TOPIC_OR_PARTITION', `${this.#topic} has partitions 0 to ${count - 1}, not ${partition}`);
      let batch = this.#open.get(partition);
      if (!batch) {
        this.#open.set(partition, batch = {builder: new BatchBuilder(), times: [], done: []});
        queueMicrotask(() => this.#flush(false));
      }
      const timestamp = record.timestamp ?? Date.now();
      batch.builder.add(key, record, timestamp, this.#limit);
      batch.times.push(timestamp);
      batch.done.push(done);
      if (batch.builder.byteLength >= BATCH) this.#seal(partition);
    } catch (error) {
      done(undefined, error instanceof LevadaError ? error : invalid(`a record cannot be encoded: ${error}`));
    }
  }

  /** Sends batches of partitions that have none on their way, or of all. @param {boolean} all */
  #flush(all) {
    for (const partition of this.#open.keys())
      if (all || ![...this.#pending].some(each => each.partition === partition)) this.#seal(partition);
  }

  /** @param {number} partition */
  async #seal(partition) {
    const open = this.#open.get(partition);
    const producer = this.#producer;
    if (!open || !producer) return;
    const {builder, times, done} = open;
    this.#open.delete(partition);
    if (!builder.count) return;
    if (partition === this.#sticky % this.#partitions) this.#sticky++;
    const sequence = producer.id === NO_ID ? -1 : this.#sequences.get(partition) ?? 0;
    this.#sequences.set(partition, (sequence + builder.count) % 2 ** 31);
    /** @type {Sealed} */
    const sealed = {partition, count: builder.count, times, done, told: 0, heard: 0};
    this.#pending.add(sealed);
    this.#unsent.push(sealed);
    try {
      sealed.bytes = await builder.seal(producer, sequence, this.#options.codec);
      this.#send();
    } catch (error) {
      this.ended(ours(error));
    }
  }

  #send() {
    for (let next; this.#line.isOpen && this.#batches > 0 && this.#bytes > 0 && (next = this.#unsent[0])?.bytes; this.#unsent.shift()) {
      this.#batches--;
      this.#bytes -= next.bytes.length;
      this.#sent.set(this.#sequence, next);
      this.#line.send(message(2, [next.partition], [this.#sequence++], next.bytes));
    }
  }

  /** @param {Connection} connection @returns {Promise<[string, Uint8Array]>} */
  async open(connection) {
    if (this.#isInDoubt(lost('the connection was lost'))) throw this.failed;
    if (!this.#producer && !connection.numbersNobody) {
      const {producerId: id, epoch} = await connection.request('producers.open', {});
      this.#producer = {id, epoch};
      connection.numbersNobody = id === NO_ID;
    }
    this.#producer ??= {id: NO_ID, epoch: -1};
    return ['publish', openOf({topic: this.#topic})];
  }

  opened() {
    this.#unsent = [...this.#pending];
    for (const batch of this.#unsent) batch.heard = 0;
    this.#sent.clear();
    this.#sequence = this.#batches = this.#bytes = 0;
  }

  /** @param {Uint8Array} data */
  next(data) {
    const view = viewOf(data);
    if (data[0] === 0x11) {
      const told = JSON.parse(decoder.decode(data.subarray(1)));
      this.#partitions = told.partitions;
      this.#limit = told.maxRecordBytes;
      for (const [record, done] of this.#early.splice(0)) this.add(record, done);
    } else if (data[0] === 0x12) {
      this.#batches += view.getInt32(1);
      this.#bytes += getLong(view, 5);
      this.#send();
    } else if (data[0] === 0x13) this.#acked(getLong(view, 1), getLong(view, 9));
    else if (data[0] === 0x14) {
      const batch = this.#sent.get(getLong(view, 1));
      if (batch) this.#tell(batch, view.getInt32(9), getLong(view, 13));
    }
  }

  /** Acknowledges the next records of a batch, but for those that a channel before has told of. @param {Sealed} batch @param {number} count @param {number} base */
  #tell(batch, count, base) {
    const {partition, times, done, heard} = batch;
    batch.heard += count;
    for (; batch.told < batch.heard; batch.told++)
      done[batch.told]({topic: this.#topic, partition, offset: base + batch.told - heard, timestamp: times[batch.told]});
  }

  /** @param {number} sequence @param {number} base */
  #acked(sequence, base) {
    const batch = this.#sent.get(sequence);
    if (!batch) return;
    this.#sent.delete(sequence);
    this.#pending.delete(batch);
    this.#repairing = false;
    this.#tell(batch, batch.count - batch.heard, base);
    this.#seal(batch.partition);
  }

  /** What a batch before a refused one failed with is found out by sending all of it once more. @param {LevadaError} error */
  mends(error) {
    if (PASSING.has(error.code) && this.#isInDoubt(error)) return false;
    const repair = /^(OUT_OF_ORDER_SEQUENCE_NUMBER|UNKNOWN_PRODUCER_ID)$/.test(error.code) && !this.#repairing;
    this.#repairing ||= repair;
    return repair || PASSING.has(error.code);
  }

  /** Ends where the channel that was lost leaves open what became of something that cannot be sent again. @param {LevadaError} error */
  #isInDoubt(error) {
    if (!this.#sent.size || this.#producer?.id !== NO_ID) return false;
    const records = [...this.#sent.values()].reduce((sum, {count, told}) => sum + count - told, 0);
    this.ended(new LevadaError('OUTCOME_UNKNOWN', `it is not known whether ${this.#sent.size} batches, ${records} records, were appended: ${error.message}`, true), error);
    return true;
  }

  /** Nothing more is sent; what is not acknowledged fails. @param {LevadaError} error @param {LevadaError} [unsent] of what no channel was given */
  ended(error, unsent = error) {
    if (this.failed) return;
    this.failed = error;
    this.#line.end();
    for (const batch of this.#pending) batch.done.slice(batch.told).forEach(done => done(undefined, this.#unsent.includes(batch) ? unsent : error));
    for (const batch of this.#open.values()) batch.done.forEach(done => done(undefined, unsent));
    for (const [, done] of this.#early) done(undefined, unsent);
  }
}

/** Publishes what a source gives, as far as the server takes it and the acknowledgements are taken. @param {Levada} levada @param {string} topic @param {Iterable<NewRecord> | AsyncIterable<NewRecord>} records @param {PublishOptions} options @returns {AsyncGenerator<Ack, void>} */
async function *publish(levada, topic, records, options) {
  if (!['none', 'gzip'].includes(options.codec ?? 'none')) throw invalid(`'${options.codec}' is no codec here; use none or gzip`);
  const publisher = new Publisher(levada, topic, options);
  const source = /** @type {any} */ (records)[Symbol.asyncIterator]?.() ?? /** @type {any} */ (records)[Symbol.iterator]();
  const window = options.window ?? 16_384;
  /** @type {Ack[]} */
  let acks = [];
  /** @type {any} */
  let failure;
  let inFlight = 0;
  let exhausted = false;
  let over = false;
  let changed = () => {};
  const change = () => new Promise(resolve => changed = () => resolve(undefined));
  /** @type {Done} */
  const done = (ack, error) => {
    if (ack) acks.push(ack);
    failure ??= error;
    changed();
  };
  whenAborted(options.signal, () => done(undefined, invalid('publishing was aborted')));
  let more = () => {};
  const pump = async () => {
    while (!over && !failure) {
      if (inFlight >= window) {
        await new Promise(resolve => more = () => resolve(undefined));
        continue;
      }
      let step = source.next();
      if (step instanceof Promise) step = await step;
      if (step.done) break;
      inFlight++;
      publisher.add(step.value, done);
    }
    exhausted = true;
    changed();
  };
  pump().catch(error => done(undefined, error));
  try {
    for (;;) {
      const came = acks;
      acks = [];
      for (const ack of came) {
        inFlight--;
        more();
        yield ack;
      }
      if (failure) throw failure;
      if (exhausted && !inFlight) return;
      const wait = change();
      if (!acks.length && !failure && !(exhausted && !inFlight)) await wait;
    }
  } finally {
    over = true;
    more();
    publisher.ended(closed());
    if (!exhausted) source.return?.();
  }
}
