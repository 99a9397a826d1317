/** Reads a topic for a test, and holds what comes against what was asked for: in the loop, and on the sockets themselves. */
import {connect} from '/levada.js';

const PAYLOAD = 10;
const FOLLOWS = 0x80;
const METADATA = 0x100;
const CREDIT = 3;
const RECORDS = 0x21;

/** A WebSocket that counts the records permitted and those that came, of each stream. */
function counting(seen) {
  return class extends WebSocket {
    #permitted = new Map();
    #continued = new Set();

    constructor(url) {
      super(url);
      seen.sockets++;
      this.addEventListener('message', event => this.#look(new Uint8Array(event.data), (id, data) => {
        if (data.getInt8(0) !== RECORDS) return;
        seen.came += data.getInt32(5);
        this.#count(id, -data.getInt32(5));
      }));
    }

    send(bytes) {
      this.#look(bytes, (id, data) => {
        if (data.getInt8(0) !== CREDIT) return;
        seen.permitted += Number(data.getBigInt64(1));
        this.#count(id, Number(data.getBigInt64(1)));
      });
      super.send(bytes);
    }

    #count(id, records) {
      const left = (this.#permitted.get(id) ?? 0) + records;
      this.#permitted.set(id, left);
      if (left < 0) seen.problems.push(`stream ${id} got ${-left} records more than it was permitted`);
    }

    #look(bytes, message) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const id = view.getUint32(0);
      const head = view.getUint16(4);
      if (head >> 10 !== PAYLOAD) return;
      const at = head & METADATA ? 9 + (view.getUint32(6) >>> 8) : 6;
      const first = !this.#continued.has(id);
      if (head & FOLLOWS) this.#continued.add(id);
      else this.#continued.delete(id);
      if (first && bytes.length > at) message(id, new DataView(bytes.buffer, bytes.byteOffset + at, bytes.byteLength - at));
    }
  };
}

/**
 * Reads from the beginning; each value begins with its partition and offset, as `3:17 `. With `pauses` the loop sleeps now and
 * then, by chance; while `asleep` is set it takes nothing. With `hoard` it keeps all it takes.
 */
export async function start({topic, window, view = 'records', pauses = 0, hoard = false}) {
  const hoarded = [];
  const seen = {count: 0, next: {}, problems: [], held: 0, demand: 0, sockets: 0, permitted: 0, came: 0, asleep: false};
  const levada = await connect(undefined, {WebSocket: counting(seen)});
  const reading = levada.topic(topic).read({from: 'earliest', window});
  const check = record => {
    const expected = seen.next[record.partition] ?? 0;
    if (record.offset !== expected) seen.problems.push(`${record.partition}: offset ${record.offset} where ${expected} follows`);
    if (!record.text().startsWith(`${record.partition}:${record.offset} `)) seen.problems.push(`${record.partition}:${record.offset} holds ${record.text().slice(0, 30)}`);
    seen.next[record.partition] = record.offset + 1;
    seen.count++;
    if (hoard) hoarded.push(record);
  };
  const rest = async () => {
    seen.held = Math.max(seen.held, reading.held);
    seen.demand = Math.max(seen.demand, reading.demand);
    if (reading.held > reading.demand) seen.problems.push(`${reading.held} held where ${reading.demand} are permitted`);
    if (Math.random() < pauses) await new Promise(next => setTimeout(next, Math.random() * 20));
    while (seen.asleep) await new Promise(next => setTimeout(next, 10));
  };
  (async () => {
    if (view === 'batches') {
      for await (const batch of reading.batches()) {
        for (const record of batch) check(record);
        await rest();
      }
    } else {
      for await (const record of reading) {
        check(record);
        if (seen.count % 64 === 0 || seen.asleep) await rest();
      }
    }
  })().catch(error => seen.problems.push(String(error)));
  return {seen, reading, levada};
}
