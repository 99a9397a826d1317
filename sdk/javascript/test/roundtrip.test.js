import assert from 'node:assert/strict';
import {test} from 'node:test';
import WebSocket from 'ws';
import {connect} from '@levada/client';

const url = process.env.LEVADA_WS;

test('what was published is read, in order, and the token goes on behind it', {skip: url ? false : 'no LEVADA_WS'}, async () => {
  const levada = await connect(url, {WebSocket});
  const name = `roundtrip-${process.pid}`;
  try {
    await levada.topics.create({name, partitions: 1});
    for (let n = 0; n < 3; n++) {
      assert.equal((await levada.topic(name).send({key: `k${n}`, value: {n}})).offset, n);
    }

    const reading = levada.topic(name).read({from: 'earliest'});
    const read = [];
    for await (const record of reading) {
      read.push([record.offset, record.keyText, record.json().n]);
      if (read.length === 2) break;
    }
    assert.deepEqual(read, [[0, 'k0', 0], [1, 'k1', 1]]);

    for await (const record of levada.topic(name).read({from: reading.token})) {
      assert.equal(record.offset, 2);
      break;
    }
  } finally {
    levada.close();
  }
});
