// A server whose every answer a test scripts, and whose every frame it sees. Its RSocket frames, messages and batches are
// written from PROTOCOL.md, FORMAT.md and RSocket's own document, and share no code with the client.
import {once} from 'node:events';
import {WebSocketServer} from 'ws';

export const TYPES = {SETUP: 1, LEASE: 2, KEEPALIVE: 3, REQUEST_RESPONSE: 4, REQUEST_FNF: 5, REQUEST_STREAM: 6, REQUEST_CHANNEL: 7, REQUEST_N: 8,
  CANCEL: 9, PAYLOAD: 10, ERROR: 11, METADATA_PUSH: 12};
const NAMES = Object.fromEntries(Object.entries(TYPES).map(([name, type]) => [type, name]));
const HAS_METADATA = 0x100;
const FOLLOWS = 0x80;
const COMPLETE = 0x40;
const NEXT = 0x20;
export const APPLICATION_ERROR = 0x201;

/** Waits until it is so, and fails when it takes too long. */
export async function until(condition, what = String(condition), withinMs = 10_000) {
  for (const endMs = performance.now() + withinMs; ;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > endMs) throw new Error(`still not after ${withinMs} ms: ${what}`);
    await new Promise(done => setTimeout(done, 2));
  }
}

/** Whether something that must not happen did not, for as long; to be used where nothing could be waited for. */
export async function never(condition, what = String(condition), forMs = 150) {
  for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
    if (await condition()) throw new Error(`happened: ${what}`);
    await new Promise(done => setTimeout(done, 2));
  }
}

// ---- frames

function decodeFrame(bytes) {
  const head = bytes.readUInt16BE(4);
  const flags = head & 0x3ff;
  const frame = {id: bytes.readUInt32BE(0), type: NAMES[head >> 10] ?? head >> 10, flags, length: bytes.length,
    follows: !!(flags & FOLLOWS), complete: !!(flags & COMPLETE), next: !!(flags & NEXT), metadata: null};
  let at = 6;
  const text = size => bytes.toString('latin1', at, at += size);
  switch (frame.type) {
    case 'SETUP':
      Object.assign(frame, {major: bytes.readUInt16BE(6), minor: bytes.readUInt16BE(8), keepaliveMs: bytes.readUInt32BE(10), lifetimeMs: bytes.readUInt32BE(14)});
      at = 18;
      frame.resume = !!(flags & 0x80);
      frame.lease = !!(flags & 0x40);
      frame.metadataMime = text(bytes[at++]);
      frame.dataMime = text(bytes[at++]);
      break;
    case 'KEEPALIVE':
      frame.respond = !!(flags & 0x80);
      frame.position = bytes.readBigUInt64BE(6);
      at = 14;
      break;
    case 'REQUEST_STREAM':
    case 'REQUEST_CHANNEL':
    case 'REQUEST_N':
      frame.n = bytes.readUInt32BE(6);
      at = 10;
      break;
    case 'ERROR':
      frame.code = bytes.readUInt32BE(6);
      at = 10;
      break;
    case 'METADATA_PUSH':
      frame.metadata = bytes.subarray(6);
      return frame;
  }
  if (flags & HAS_METADATA) {
    const size = bytes.readUIntBE(at, 3);
    frame.metadata = bytes.subarray(at + 3, at + 3 + size);
    if (frame.metadata.length !== size) throw new Error('metadata cut short');
    at += 3 + size;
  }
  frame.data = bytes.subarray(at);
  return frame;
}

function encodeFrame(id, type, flags, ...parts) {
  const head = Buffer.alloc(6);
  head.writeUInt32BE(id, 0);
  head.writeUInt16BE(TYPES[type] << 10 | flags, 4);
  return Buffer.concat([head, ...parts]);
}

/** Entries of composite metadata: [mime or its well-known number, bytes]. */
export function decodeComposite(bytes) {
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++];
    let mime = first & 0x7f;
    if (!(first & 0x80)) mime = bytes.toString('latin1', at, at += mime + 1);
    const size = bytes.readUIntBE(at, 3);
    at += 3;
    if (at + size > bytes.length) throw new Error('composite metadata cut short');
    entries.push([mime, bytes.subarray(at, at += size)]);
  }
  return entries;
}

/** The first routing tag of a request. */
function routeOf(metadata) {
  const tags = decodeComposite(metadata).find(([mime]) => mime === 0x7e)?.[1];
  return tags?.toString('utf8', 1, 1 + tags[0]);
}

/** The token of bearer authentication, or undefined. */
export function bearerOf(metadata) {
  const entry = metadata && decodeComposite(metadata).find(([mime]) => mime === 0x7c)?.[1];
  if (!entry) return undefined;
  if (entry[0] !== 0x81) throw new Error(`authentication of type ${entry[0]}`);
  return entry.toString('utf8', 1);
}

const i32 = n => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(n);
  return bytes;
};
const i64 = n => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(n));
  return bytes;
};

/** A request of the client, and what it sent on it. */
class ScriptedRequest {
  frames = [];
  /** Payloads, put together of their fragments; the first is the request's own. */
  payloads = [];
  /** What the client permits, in payloads. */
  n = 0;
  /** Payloads sent to it. */
  sent = 0;
  cancelled = false;
  completed = false;
  /** Sums of the CREDIT messages. */
  creditRecords = 0;
  creditBytes = 0;
  credits = [];
  sentRecords = 0;
  sentBytes = 0;
  #parts = [];

  constructor(connection, frame) {
    this.connection = connection;
    this.id = frame.id;
    this.type = frame.type;
  }

  receive(frame) {
    this.frames.push(frame);
    if (frame.n !== undefined) this.n += frame.n;
    if (frame.type === 'REQUEST_N') return;
    if (frame.type === 'CANCEL') this.cancelled = true;
    else if (frame.type === 'ERROR') this.failed = frame.data.toString();
    else {
      if (frame.metadata && !this.route) this.route = routeOf(frame.metadata);
      this.#parts.push(frame.data);
      if (frame.follows) return;
      const whole = Buffer.concat(this.#parts.splice(0));
      if (frame.type !== 'PAYLOAD' || frame.next) this.#payload(whole);
      if (frame.complete) this.completed = true;
    }
  }

  #payload(bytes) {
    this.payloads.push(bytes);
    if (bytes[0] === 3 && this.payloads.length > 1) {
      const credit = {records: Number(bytes.readBigInt64BE(1)), bytes: Number(bytes.readBigInt64BE(9))};
      this.credits.push(credit);
      this.creditRecords += credit.records;
      this.creditBytes += credit.bytes;
    }
    if (this.payloads.length === 1) this.connection.server.opened(this);
    else this.onPayload?.(bytes, this.payloads.length - 1);
  }

  /** Records that are permitted and were not sent. */
  get outstanding() {
    return this.creditRecords - this.sentRecords;
  }

  /** The request's own data. */
  get json() {
    const bytes = this.payloads[0];
    return JSON.parse(bytes.toString('utf8', bytes[0] === 1 ? 1 : 0));
  }

  /** A payload down, in fragments of `mtu` bytes where said. */
  next(data, {complete = false, mtu = Infinity} = {}) {
    let bytes = Buffer.isBuffer(data) ? data : Buffer.from(typeof data === 'string' ? data : JSON.stringify(data));
    this.sent++;
    for (; bytes.length > mtu; bytes = bytes.subarray(mtu)) this.connection.raw(encodeFrame(this.id, 'PAYLOAD', NEXT | FOLLOWS, bytes.subarray(0, mtu)));
    this.connection.raw(encodeFrame(this.id, 'PAYLOAD', NEXT | (complete ? COMPLETE : 0), bytes));
  }

  answer(json) {
    this.next(json, {complete: true});
  }

  complete() {
    this.connection.raw(encodeFrame(this.id, 'PAYLOAD', COMPLETE));
  }

  error(code, message = 'scripted', retriable = false) {
    this.errorFrame(APPLICATION_ERROR, JSON.stringify({error: {code, message, retriable}}));
  }

  errorFrame(code, text) {
    this.connection.raw(encodeFrame(this.id, 'ERROR', 0, i32(code), Buffer.from(text)));
  }

  requestN(n) {
    this.connection.raw(encodeFrame(this.id, 'REQUEST_N', 0, i32(n)));
  }

  // messages of PROTOCOL.md

  message(kind, ...parts) {
    this.next(Buffer.concat([Buffer.of(kind), ...parts]));
  }

  /** Sends a batch: bytes, or what `batchOf` takes. */
  records(handle, batch, mtu) {
    const bytes = Buffer.isBuffer(batch) ? batch : batchOf(batch);
    const count = bytes.readInt32BE(57);
    this.sentRecords += count;
    this.sentBytes += bytes.length;
    this.next(Buffer.concat([Buffer.of(0x21), i32(handle), i32(count), bytes]), {mtu});
  }

  gap(handle, from, to) {
    this.message(0x22, i32(handle), i64(from), i64(to));
  }

  end(handle, error) {
    this.message(0x23, i32(handle), Buffer.from(error ? JSON.stringify({error}) : ''));
  }

  passed(handle, offset) {
    this.message(0x24, i32(handle), i64(offset));
  }

  dropped(handle, from, to) {
    this.message(0x25, i32(handle), i64(from), i64(to));
  }

  openedForPublish(partitions = 1, maxRecordBytes = 1 << 20) {
    this.message(0x11, Buffer.from(JSON.stringify({partitions, maxRecordBytes})));
  }

  writeCredit(batches, bytes) {
    this.message(0x12, i32(batches), i64(bytes));
  }

  ack(sequence, baseOffset) {
    this.message(0x13, i64(sequence), i64(baseOffset));
  }

  partAck(sequence, records, baseOffset) {
    this.message(0x14, i64(sequence), i32(records), i64(baseOffset));
  }

  /** BATCH messages that came, taken apart. */
  get batches() {
    return this.payloads.slice(1).filter(bytes => bytes[0] === 2).map(bytes => {
      const batch = bytes.subarray(13);
      return {partition: bytes.readInt32BE(1), sequence: Number(bytes.readBigInt64BE(5)), batch, producerId: batch.readBigInt64BE(43),
        epoch: batch.readInt16BE(51), baseSequence: batch.readInt32BE(53), count: batch.readInt32BE(57), codec: batch.readInt16BE(21) & 7};
    });
  }
}

class ScriptedConnection {
  frames = [];
  /** @type {ScriptedRequest[]} */ requests = [];
  closed = false;
  /** Whether keepalives are answered. */
  alive = true;

  constructor(server, socket) {
    this.server = server;
    this.socket = socket;
    this.openedMs = performance.now();
    socket.on('message', (data, binary) => {
      if (!binary) throw new Error('a text message');
      this.#receive(decodeFrame(data));
    });
    socket.on('close', () => this.closed = true);
    socket.on('error', () => {});
  }

  #receive(frame) {
    this.frames.push(frame);
    if (!frame.id) {
      if (frame.type === 'SETUP') this.setup = frame;
      if (frame.type === 'SETUP' && this.server.refusal) this.fail(...this.server.refusal);
      if (frame.type === 'KEEPALIVE' && frame.respond && this.alive && this.server.alive) this.raw(encodeFrame(0, 'KEEPALIVE', 0, i64(0), frame.data));
      return;
    }
    let request = this.requests.find(({id}) => id === frame.id);
    if (!request) {
      if (!frame.type.startsWith?.('REQUEST_') || frame.type === 'REQUEST_N') return;
      this.requests.push(request = new ScriptedRequest(this, frame));
    }
    request.receive(frame);
  }

  raw(bytes) {
    if (this.socket.readyState === 1) this.socket.send(bytes);
  }

  keepalive(data = 'ping') {
    this.raw(encodeFrame(0, 'KEEPALIVE', 0x80, i64(0), Buffer.from(data)));
  }

  /** Ends it with an ERROR on stream 0. */
  fail(code, text) {
    this.raw(encodeFrame(0, 'ERROR', 0, i32(code), Buffer.from(text)));
    this.socket.close();
  }

  /** As if the network had gone. */
  drop() {
    this.socket.terminate();
  }

  of(route) {
    return this.requests.filter(request => request.route === route);
  }

  pushes() {
    return this.frames.filter(({type}) => type === 'METADATA_PUSH').map(({metadata}) => bearerOf(metadata));
  }
}

export class ScriptedServer {
  /** @type {ScriptedConnection[]} */ connections = [];
  /** Every attempt's time. */ attempts = [];
  alive = true;
  /** Code and text of what every SETUP is answered with. @type {[number, string] | undefined} */ refusal;
  /** What is done about a new request, by its route; a route without is left open. */
  routes = {
    'topics.describe': request => request.answer(this.topic(request.json.name)),
    'producers.open': request => request.answer({producerId: '4711', epoch: 3}),
    'read.batched': request => request.requestN(1000),
    'group.partition.batched': request => request.requestN(1000),
    'group': request => request.requestN(1000),
    'publish': request => {
      request.requestN(1000);
      request.openedForPublish(this.partitions);
      request.writeCredit(16, 1 << 20);
    },
  };
  partitions = 1;

  static async start() {
    const server = new ScriptedServer();
    await server.#listen(0);
    return server;
  }

  async #listen(port) {
    this.#sockets = new WebSocketServer({port, host: '127.0.0.1', path: '/rsocket', verifyClient: () => {
      this.attempts.push(performance.now());
      return !this.unreachable;
    }});
    await once(this.#sockets, 'listening');
    this.url = `ws://127.0.0.1:${this.#sockets.address().port}/rsocket`;
    this.#sockets.on('connection', socket => this.connections.push(new ScriptedConnection(this, socket)));
  }

  #sockets;

  topic(name) {
    const partitions = Array.from({length: this.partitions}, (_, partition) => ({partition, start: 0, end: 0, durable: 0, bytes: 0}));
    return {name, id: '0123456789abcdef0123456789abcdef', logId: 'fedcba9876543210fedcba9876543210', partitions, config: {}};
  }

  opened(request) {
    this.routes[request.route]?.(request);
  }

  get connection() {
    return this.connections.at(-1);
  }

  /** All requests of a route, over all connections. */
  of(route) {
    return this.connections.flatMap(connection => connection.of(route));
  }

  /** The nth request of a route, as soon as it is there. */
  request(route, nth = 0) {
    return until(() => this.of(route)[nth], `request ${nth} of ${route}`);
  }

  async stop() {
    for (const {socket} of this.connections) socket.terminate();
    await new Promise(done => this.#sockets.close(done));
  }
}

// ---- batches

const CRC = Array.from({length: 256}, (_, i) => {
  for (let bit = 0; bit < 8; bit++) i = i & 1 ? i >>> 1 ^ 0x82f63b78 : i >>> 1;
  return i >>> 0;
});

export function crc32cOf(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 255] ^ sum >>> 8;
  return (sum ^ 0xffffffff) >>> 0;
}

function zigzag(n) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(n) << 1n ^ BigInt(n) >> 63n);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const blob = value => value === null ? zigzag(-1) : Buffer.concat([zigzag(Buffer.byteLength(value)), Buffer.from(value)]);

/** A batch of values at consecutive offsets; `{base, values, keys?, deltas?, last?}`. */
export function batchOf({base = 0, values, keys = [], deltas = values.map((_, i) => i), last = deltas.at(-1) ?? 0, timestamp = 1e12}) {
  const records = values.map((value, i) => {
    const body = Buffer.concat([Buffer.of(0), zigzag(0), zigzag(deltas[i]), blob(keys[i] ?? null), blob(value), zigzag(0)]);
    return Buffer.concat([zigzag(body.length), body]);
  });
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(base), 0);
  head.writeInt32BE(-1, 12);
  head[16] = 2;
  head.writeInt32BE(last, 23);
  head.writeBigInt64BE(BigInt(timestamp), 27);
  head.writeBigInt64BE(BigInt(timestamp), 35);
  head.writeBigInt64BE(-1n, 43);
  head.writeInt16BE(-1, 51);
  head.writeInt32BE(-1, 53);
  head.writeInt32BE(values.length, 57);
  const bytes = Buffer.concat([head, ...records]);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeUInt32BE(crc32cOf(bytes.subarray(21)), 17);
  return bytes;
}
