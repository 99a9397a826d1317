/** Publishes flights at a steady pace, off the page's own thread, until it is ended. */
import {connect} from '/levada.js';

const TICK_MS = 20;
/** Those of the sample data, the busiest first. */
const AIRPORTS = ('PHX LAS HOU BWI DAL LAX MDW OAK BNA STL SAN MCI SJC SMF ABQ MSY ONT TPA MCO BUR AUS ELP SAT SEA RNO SLC FLL PDX '
  + 'PVD BHM SDF OKC TUL IND CLE JAX ISP DTW BOI RDU SNA OMA LIT LBB GEG MHT BDL MAF TUS CMH HRL ALB JAN SFO PBI BUF AMA IAH CRP').split(' ');

/** @param {number} number */
function flight(number) {
  const from = pick();
  const delay = Math.round(Math.random() ** 4 * 120) - 10;
  const to = pick();
  return {
    key: from,
    value: `{"flight":${number},"departure":"${new Date().toISOString().slice(0, 16)}","from":"${from}","to":"${to}","delay":${delay},"miles":${200 + number % 2_300}}`,
  };
}

/** A few airports have most of the flights. */
const pick = () => AIRPORTS[Math.floor(Math.random() ** 2 * AIRPORTS.length)];

/** As many as are due, again and again; what a busy machine could not do within a quarter of a second is left out. */
async function* paced(perSecond) {
  let number = 0;
  let lastMs = performance.now();
  for (let due = 0; ;) {
    const nowMs = performance.now();
    due += Math.min(nowMs - lastMs, 250) * perSecond / 1_000;
    lastMs = nowMs;
    for (; due >= 1; due--) {
      yield flight(number++);
    }
    await new Promise(resolve => setTimeout(resolve, TICK_MS));
  }
}

addEventListener('message', async ({data: {topic, perSecond}}) => {
  try {
    const levada = await connect();
    for await (const ack of levada.topic(topic).publish(paced(perSecond))) {
      void ack;
    }
  } catch (error) {
    postMessage({error: error.message});
  }
}, {once: true});
