/** The page that shows one stream and four readers of it: puts together what the other modules do, and draws it four times a second. */
import {connect} from '/levada.js';
import {charts} from './charts.js';
import {count, plural, setText} from './format.js';
import {pause} from './gate.js';
import {Sharing} from './group.js';
import {Agreement} from './ledger.js';
import {Panel} from './panel.js';
import * as ways from './readers.js';
import {Stream, TOPIC} from './stream.js';

/** What the slider's places stand for, in records a second. */
const PACES = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const BOARD = ['PHX', 'LAS', 'HOU', 'BWI'];
const DRAWN_MS = 250;
const SETTLED_MS = 2_500;

const at = id => document.getElementById(id);

const agreement = new Agreement();
const fast = ways.fast(agreement);
const slow = ways.slow(agreement, PACES[at('pace').value]);
const conflate = ways.conflate(agreement);
const hidden = ways.hidden(agreement);
const readers = [fast, slow, conflate, hidden];
const panels = readers.map(reader => new Panel(reader, reader === conflate ? 'left out on purpose' : 'gone before asked for'));
const sharing = new Sharing();

function controlSlow() {
  const slider = at('pace');
  const change = () => {
    const perSecond = PACES[slider.value];
    slow.pace.perSecond = perSecond;
    setText(at('pace-says'), count(perSecond));
    slider.setAttribute('aria-valuetext', `${count(perSecond)} records a second`);
  };
  slider.addEventListener('input', change);
  slider.addEventListener('input', sumUp);
  change();
}

function controlHidden() {
  const toggle = at('hide');
  toggle.addEventListener('click', () => {
    hidden.gate.closed = !hidden.gate.closed;
    toggle.setAttribute('aria-checked', hidden.gate.closed);
    sumUp();
  });
}

/** Tells those who listen what their change has done, once it has. */
let summing;
function sumUp() {
  clearTimeout(summing);
  summing = setTimeout(() => {
    const said = panels.map((panel, i) => `${at(`${readers[i].id}-title`).textContent}: ${
      count(Math.round(panel.rate))} records a second, ${panel.lag === null ? 'lag not known' : `${count(panel.lag)} behind`}.`);
    setText(at('summary'), said.join(' '));
  }, SETTLED_MS);
}

function controlCut(control) {
  let cuts = 0;
  at('cut').addEventListener('click', async () => {
    const all = [...readers.map(reader => reader.levada), sharing.levada, control].filter(Boolean);
    const before = readers.map(reader => reader.ledger.records);
    const begunMs = performance.now();
    cuts++;
    const cut = cuts;
    setText(at('cut-says'), `${plural(all.length, 'connection')} cut. They come back…`);
    all.forEach(levada => levada.reconnect());
    await pause(0);
    while (!all.every(levada => levada.state === 'open')) {
      await pause(20);
    }
    const tookS = ((performance.now() - begunMs) / 1_000).toFixed(1);
    while (fast.ledger.records === before[0]) {
      await pause(50);
    }
    const sum = what => readers.reduce((all, {ledger}) => all + ledger[what], 0);
    if (cut === cuts) {
      setText(at('cut-says'), `Cut ${plural(cuts, 'time')}. All ${all.length} connections were back after ${tookS} s: ${
        plural(sum('gaps'), 'gap')}, ${plural(sum('duplicates'), 'duplicate')}.`);
    }
  });
}

/** The latest flights that the conflating reader has. */
function board() {
  const cells = new Map(BOARD.map(airport => {
    const name = document.createElement('dt');
    name.textContent = airport;
    const delay = document.createElement('dd');
    delay.textContent = '–';
    const both = document.createElement('div');
    both.append(name, delay);
    at('board').append(both);
    return [airport, delay];
  }));
  return () => cells.forEach((cell, airport) => {
    const delay = conflate.latest.get(airport)?.json().delay;
    if (delay !== undefined) {
      setText(cell, delay > 0 ? `${delay} min late` : delay < 0 ? `${-delay} min early` : 'on time');
    }
  });
}

/** Has the server tell how it stands, and how each of these readers does. */
async function look(control) {
  const show = charts(at('charts'));
  for (;;) {
    try {
      for await (const stats of control.stats({topic: TOPIC, intervalMs: DRAWN_MS, limit: 1_000})) {
        show(stats);
        const mine = new Map(stats.subscriptions.map(subscription => [subscription.label, subscription]));
        panels.forEach((panel, i) => panel.stats = mine.get(readers[i].label) ?? null);
      }
    } catch {
      await pause(1_000); // the server does not answer, which the page says above
    }
  }
}

function draw(stream, drawBoard) {
  if (document.hidden) {
    return;
  }
  panels.forEach(panel => panel.draw(stream.kept));
  stream.partitions.forEach(({partition, start}) => agreement.forgetBelow(partition, start));
  sharing.draw(stream.partitions);
  drawBoard();
}

async function begin() {
  controlSlow();
  controlHidden();
  let control;
  for (;;) {
    try {
      control = await connect();
      break;
    } catch (error) {
      setText(at('publisher-says'), `The server does not answer: ${error.message}`);
      await pause(2_000);
    }
  }
  controlCut(control);
  const stream = new Stream(control);
  const drawBoard = board();
  setInterval(() => draw(stream, drawBoard), DRAWN_MS);
  look(control);
  await stream.there;
  readers.forEach(reader => reader.run(TOPIC));
  sharing.run(TOPIC, control);
}

begin();
