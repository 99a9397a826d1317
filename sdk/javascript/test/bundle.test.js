/** What a bundler makes of the client works as the client does. */
import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';
import {WebSocket} from 'ws';

test('a bundle of it, minified, publishes and reads', async () => {
  assert.ok(process.env.LEVADA_WS, 'give a server as LEVADA_WS');
  const directory = await mkdtemp(join(tmpdir(), 'levada-bundle-'));
  try {
    const outfile = join(directory, 'app.mjs');
    const client = fileURLToPath(new URL('../levada.js', import.meta.url));
    await build({stdin: {contents: `export {connect as open} from ${JSON.stringify(client)}`, resolveDir: directory}, bundle: true, minify: true, format: 'esm', outfile});
    const {open} = await import(pathToFileURL(outfile));
    const levada = await open(process.env.LEVADA_WS, {WebSocket});
    const name = `bundled-${Date.now()}`;
    await levada.topics.create({name});
    await levada.topic(name).send({key: 'k', value: {a: 1}, headers: {h: 'v'}});
    const records = [];
    for await (const record of levada.topic(name).read({from: 'earliest', to: 'now'})) records.push(record);
    assert.deepEqual(records.map(record => [record.offset, record.keyText, record.json(), record.header('h')]), [[0, 'k', {a: 1}, 'v']]);
    await levada.topics.delete(name);
    await levada.close();
  } finally {
    await rm(directory, {recursive: true});
  }
});
