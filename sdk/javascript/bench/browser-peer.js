/** The same readings by rsocket-js 1.0.0-alpha.3, for a page; made one module by esbuild, see BrowserRates. */
import {Buffer} from 'buffer/';
import {encodeCompositeMetadata, encodeRoute, WellKnownMimeType} from 'rsocket-composite-metadata';
import {RSocketConnector} from 'rsocket-core';
import {WebsocketClientTransport} from 'rsocket-websocket-client';

globalThis.Buffer = Buffer;

const routed = (route, data) => ({data, metadata: encodeCompositeMetadata([[WellKnownMimeType.MESSAGE_RSOCKET_ROUTING, encodeRoute(route)]])});

/** Hears of a stream's payloads until there are as many records as wanted. */
function counting(wanted, recordsOf, refill) {
  let records = 0;
  let payloads = 0;
  let done;
  let failed;
  const ended = new Promise((resolve, reject) => [done, failed] = [resolve, reject]);
  return {
    ended,
    requester: undefined,
    onNext(payload) {
      records += recordsOf(payload);
      if (++payloads % refill === 0) this.requester?.request(refill);
      if (records >= wanted) done();
    },
    onError: error => failed(error),
    onComplete: () => done(),
    onExtension: () => {},
    request: () => {},
    cancel: () => {},
  };
}

async function connected(url) {
  const connector = new RSocketConnector({
    setup: {keepAlive: 10_000, lifetime: 60_000, metadataMimeType: 'message/x.rsocket.composite-metadata.v0', dataMimeType: 'application/json'},
    transport: new WebsocketClientTransport({url, wsCreator: at => new WebSocket(at)}),
  });
  return connector.connect();
}

/** Route `read`: a payload for each record, 1,024 asked for ahead, each parsed. */
export async function plain(url, topic, records) {
  const rsocket = await connected(url);
  const reading = counting(records, payload => (JSON.parse(payload.data.toString()), 1), 512);
  reading.requester = rsocket.requestStream(routed('read', Buffer.from(JSON.stringify({topic, from: 'earliest'}))), 1024, reading);
  await reading.ended;
  rsocket.close();
}

/** Route `read.batched`, whose batches are counted and not decoded, with credit without bound. */
export async function batched(url, topic, records) {
  const rsocket = await connected(url);
  const reading = counting(records, payload => payload.data[0] === 0x21 ? payload.data.readInt32BE(5) : 0, 512);
  const open = Buffer.concat([Buffer.from([1]), Buffer.from(JSON.stringify({topic, from: 'earliest'}))]);
  const credit = Buffer.from('037fffffffffffffff7fffffffffffffff', 'hex');
  reading.request = () => {
    if (!reading.sent) reading.requester.onNext({data: credit}, false);
    reading.sent = true;
  };
  reading.requester = rsocket.requestChannel(routed('read.batched', open), 1024, false, reading);
  await reading.ended;
  rsocket.close();
}
