// How fast Node reads a million records of 100 bytes, by levada.js and by rsocket-js 1.0.0-alpha.3, in turns:
//   node bench/node.mjs ws://127.0.0.1:7880/rsocket [RECORDS] [ROUNDS]
// Each reading has a connection of its own. What a page reads is measured by BrowserRates.
import {RSocketConnector} from 'rsocket-core';
import {WebsocketClientTransport} from 'rsocket-websocket-client';
import {WebSocket} from 'ws';
import {connect} from '../levada.js';

const [url, records = 1_000_000, rounds = 5] = process.argv.slice(2).map((value, i) => i ? Number(value) : value);
if (!url) {
  console.error('usage: node bench/node.mjs WS_URL [RECORDS] [ROUNDS]');
  process.exit(2);
}
const WITHOUT_END = 2 ** 31 - 1;
const topic = `bench-${process.pid}-${Date.now()}`;

function routed(route, data) {
  const tag = Buffer.concat([Buffer.of(route.length), Buffer.from(route)]);
  return {data, metadata: Buffer.concat([Buffer.of(0x80 | 0x7e, 0, 0, tag.length), tag])};
}

async function withLevada(read) {
  const levada = await connect(url, {WebSocket});
  try {
    return await read(levada.topic(topic).read({from: 'earliest', to: 'now'}));
  } finally {
    await levada.close();
  }
}

/** Counts what a stream or channel of rsocket-js gives until there are as many records as were published. */
async function withRSocket(open, recordsOf) {
  const rsocket = await new RSocketConnector({
    setup: {keepAlive: 10_000, lifetime: 60_000, metadataMimeType: 'message/x.rsocket.composite-metadata.v0', dataMimeType: 'application/json'},
    transport: new WebsocketClientTransport({url, wsCreator: at => new WebSocket(at)}),
  }).connect();
  try {
    return await new Promise((resolve, reject) => {
      let n = 0;
      open(rsocket, {
        onNext: ({data}) => {
          n += data ? recordsOf(data) : 0;
          if (n >= records) resolve(n);
        },
        onError: reject,
        onComplete: () => resolve(n),
        onExtension: () => {},
        request: () => {},
        cancel: () => {},
      });
    });
  } finally {
    rsocket.close();
  }
}

const READINGS = {
  'levada.js, batches': () => withLevada(async reading => {
    let n = 0;
    for await (const batch of reading.batches()) n += batch.count;
    return n;
  }),
  'levada.js, batches, each record of them': () => withLevada(async reading => {
    let n = 0;
    for await (const batch of reading.batches()) for (const record of batch) n += record.value.length === 100 ? 1 : 0;
    return n;
  }),
  'levada.js, records': () => withLevada(async reading => {
    let n = 0;
    for await (const record of reading) n += record.value.length === 100 ? 1 : 0;
    return n;
  }),
  'rsocket-js, read, each payload parsed': () => withRSocket(
    (rsocket, heard) => rsocket.requestStream(routed('read', Buffer.from(JSON.stringify({topic, from: 'earliest', to: 'now'}))), WITHOUT_END, heard),
    data => JSON.parse(data.toString()).value.length === 100 ? 1 : 0),
  'rsocket-js, read.batched, nothing decoded': () => withRSocket((rsocket, heard) => {
    const first = Buffer.concat([Buffer.of(1), Buffer.from(JSON.stringify({topic, from: 'earliest', to: 'now'}))]);
    let channel;
    heard.request = () => { // once the server takes a message
      channel?.onNext({data: Buffer.from('037fffffffffffffff7fffffffffffffff', 'hex')}, false);
      channel = undefined;
    };
    channel = rsocket.requestChannel(routed('read.batched', first), WITHOUT_END, false, heard);
  }, data => data[0] === 0x21 ? data.readInt32BE(5) : 0),
};

const levada = await connect(url, {WebSocket});
await levada.topics.create({name: topic, partitions: 1});
function *source() {
  for (let i = 0; i < records; i++) yield {value: String(i).padEnd(100, '.')};
}
const startMs = performance.now();
let acknowledged = 0;
for await (const ack of levada.topic(topic).publish(source())) acknowledged += ack.partition === 0 ? 1 : 0;
console.log(`published ${acknowledged} records, ${Math.round(acknowledged / (performance.now() - startMs) * 1000).toLocaleString('en')} a second`);

const rates = Object.fromEntries(Object.keys(READINGS).map(name => [name, []]));
for (let round = 0; round <= rounds; round++) { // the first warms up and does not count
  const names = Object.keys(READINGS);
  for (const name of round % 2 ? names : names.reverse()) {
    const beganMs = performance.now();
    const n = await READINGS[name]();
    if (n !== records) throw new Error(`${name} read ${n} of ${records} records`);
    if (round) rates[name].push(records / (performance.now() - beganMs) * 1000);
  }
}
const median = numbers => numbers.sort((a, b) => a - b)[numbers.length >> 1];
for (const [name, each] of Object.entries(rates)) {
  const [least, most] = [Math.min(...each), Math.max(...each)];
  console.log(`${name.padEnd(42)} ${Math.round(median(each)).toLocaleString('en').padStart(10)} records/s   (${[least, most].map(rate => Math.round(rate).toLocaleString('en')).join(' to ')})`);
}
await levada.topics.delete(topic);
await levada.close();
