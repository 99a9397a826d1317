/** Why a subscription is given nothing: the nine reasons of the protocol, in plain words. */
import {h} from './kit.js';

/** By reason: how it looks, and what it means. */
export const WAITS = {
  NONE: ['flow', 'Flowing: it is being given records.'],
  NO_DATA: ['good', 'Caught up: it has all there is, and waits for the next record.'],
  NO_DEMAND: ['', 'The client asks for no more records for now. Nobody else is held up by that.'],
  NO_BYTES: ['', 'The client still permits records, but no more bytes, or for a moment too few for the next batch.'],
  READING: ['flow', 'What comes next is being read from storage.'],
  SOCKET_BLOCKED: ['warn', 'Its connection holds all it may: the client has to read what was sent first.'],
  THROTTLED: ['warn', 'Its connection has room, but all connections together hold nearly all that the server permits.'],
  PAUSED: ['', 'It reads no partition: its member owns none, or is handing over what it owns.'],
  FENCED: ['bad', 'Its member is out of the group, or is expected back on another connection.'],
};

/** The reason as a label, whose explanation is its description. */
export function waitTag(reason) {
  const [tone, meaning] = WAITS[reason] ?? ['', 'This console does not know the reason.'];
  return h('span', {class: `tag ${tone}`.trim(), title: meaning}, reason);
}

/** All of them, to be looked up. */
export function waitsExplained() {
  return h('details', {class: 'panel'},
      h('summary', null, 'What the nine reasons mean'),
      h('dl', {class: 'meanings'}, Object.entries(WAITS).map(([reason, [, meaning]]) =>
        h('div', null, h('dt', null, waitTag(reason)), h('dd', null, meaning)))));
}
