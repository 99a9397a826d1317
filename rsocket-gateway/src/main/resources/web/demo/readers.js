/** The four ways to read that the page shows. */
import {Gate, Pace, pause} from './gate.js';
import {Reader} from './reader.js';

/** How many records a look takes, and how long it is until the next. */
const LOOK = 256;
const LOOKS_MS = 300;

/** Takes everything, as soon as it is there. */
export function fast(agreement) {
  return new Reader('fast', {agreement, options: {hidden: 'run'}}, async (reading, ledger) => {
    for await (const batch of reading.batches()) {
      for (const record of batch) {
        ledger.take(record);
      }
    }
  });
}

/** Takes as many a second as it is told, and asks for no more. */
export function slow(agreement, perSecond) {
  const pace = new Pace(perSecond);
  const reader = new Reader('slow', {agreement, options: {hidden: 'run'}}, async (reading, ledger) => {
    await pace.pass();
    for await (const record of reading) {
      ledger.take(record);
      const turn = pace.pass();
      if (turn) {
        await turn;
      }
    }
  });
  return Object.assign(reader, {pace});
}

/** Looks a few times a second, at the latest record of each key. */
export function conflate(agreement) {
  const latest = new Map();
  const options = {hidden: 'run', overflow: 'conflate', window: LOOK};
  const reader = new Reader('conflate', {agreement, options, skips: true}, async (reading, ledger) => {
    let taken = 0;
    for await (const batch of reading.batches()) {
      for (const record of batch) {
        ledger.take(record);
        latest.set(record.keyText, record);
      }
      taken += batch.count;
      if (taken >= LOOK) {
        taken = 0;
        await pause(LOOKS_MS);
      }
    }
  });
  return Object.assign(reader, {latest});
}

/** Takes everything while it is shown, by its switch and by the page. */
export function hidden(agreement) {
  const gate = new Gate();
  const reader = new Reader('hidden', {agreement, options: {hidden: 'pause'}}, async (reading, ledger) => {
    await gate.pass();
    for await (const batch of reading.batches()) {
      for (const record of batch) {
        ledger.take(record);
      }
      await gate.pass();
    }
  });
  return Object.assign(reader, {gate});
}
