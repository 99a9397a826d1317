/** What a reader's panel shows of it. */
import {calm, count, setText, Speed} from './format.js';

/** By reason: how it looks, and what it means for whoever never heard of it. */
const WAITS = {
  NONE: ['flow', 'records are on their way'],
  NO_DATA: ['good', 'has all there is, waits for more'],
  NO_DEMAND: ['', 'is sent nothing until it asks'],
  NO_BYTES: ['', 'is sent nothing until it asks'],
  READING: ['flow', 'what comes next is read from storage'],
  SOCKET_BLOCKED: ['warn', 'has to read what was sent first'],
  THROTTLED: ['warn', 'the server is short of room'],
  PAUSED: ['', 'has no partition'],
  FENCED: ['bad', 'is out of its group'],
};

/** Statistics whose most frequent reason is shown: what changes with every look is hard to read. */
const LOOKS = 6;

export class Panel {
  #reader;
  #root;
  #outlet;
  #parts = {};
  #speed = new Speed();
  #reasons = [];
  #stats = null;
  #rows = new Map();
  rate = 0;

  /** @param {import('./reader.js').Reader} reader @param {string} skippedName what its records left out are called */
  constructor(reader, skippedName) {
    this.#reader = reader;
    this.#root = document.getElementById(reader.id);
    this.#outlet = this.#root.querySelector('.outlet');
    this.#root.querySelector('.live').replaceWith(document.getElementById('live').content.cloneNode(true));
    for (const part of this.#root.querySelectorAll('[data-is]')) {
      this.#parts[part.dataset.is] = part;
    }
    setText(this.#parts['skipped-name'], skippedName);
  }

  /** How the server says the subscription stands; null where it knows of none. */
  set stats(stats) {
    this.#stats = stats;
    this.#reasons.push(stats ? stats.waits : null);
    if (this.#reasons.length > LOOKS) {
      this.#reasons.shift();
    }
  }

  get waits() {
    const reasons = this.#reasons;
    let best = reasons.at(-1) ?? null;
    const times = reason => reasons.filter(each => each === reason).length;
    for (const reason of new Set(reasons)) {
      if (times(reason) > times(best)) {
        best = reason;
      }
    }
    return best;
  }

  get lag() {
    return this.#stats?.lag ?? null;
  }

  /** Draws what changed. @param {number} kept offsets that the log has now */
  draw(kept) {
    const {ledger, reading, problem, connected} = this.#reader;
    const parts = this.#parts;
    this.rate = this.#speed.at(ledger.records);
    setText(parts.rate, calm(this.rate));
    setText(parts.received, count(ledger.records));
    setText(parts.lag, this.lag === null ? '–' : count(this.lag));
    setText(parts.demand, reading ? count(reading.demand) : '–');
    setText(parts.skipped, count(ledger.skipped + ledger.expired));
    this.#outlet.style.setProperty('--flow', Math.min(1, Math.log10(1 + this.rate) / 5).toFixed(1));
    this.#outlet.classList.toggle('dry', this.rate < 0.5);
    this.#drawPlace(kept);
    this.#drawWaits(problem, reading !== undefined, connected);
    this.#drawProof(ledger);
  }

  #drawPlace(kept) {
    const behind = !kept ? 1 : this.lag === null ? 0 : Math.min(1, this.lag / kept);
    const track = this.#parts.track;
    track.style.setProperty('--at', (1 - behind).toFixed(3));
    const label = !kept ? 'The log is empty' : behind < 0.005 ? 'At the newest record of the log' : `${Math.round(behind * 100)} % of the log behind the newest record`;
    if (track.getAttribute('aria-label') !== label) {
      track.setAttribute('aria-label', label);
    }
  }

  #drawWaits(problem, begun, connected) {
    const reason = this.waits;
    const [tone, meaning] = problem ? ['bad', problem]
      : !begun ? ['', 'begins once there is a stream']
      : !connected ? ['warn', 'is being made anew']
      : WAITS[reason] ?? ['', 'the server does not know it yet'];
    const tag = this.#parts.waits;
    setText(tag, problem ? 'FAILED' : begun && !connected ? 'CONNECTION' : reason ?? '–');
    tag.className = `tag ${tone}`;
    setText(this.#parts['waits-says'], meaning);
  }

  #drawProof(ledger) {
    const good = ledger.gaps === 0 && ledger.duplicates === 0 && ledger.different === 0;
    setText(this.#parts.gaps, count(ledger.gaps));
    setText(this.#parts.duplicates, count(ledger.duplicates));
    setText(this.#parts.mark, good ? '✓' : '✗');
    this.#parts.mark.parentElement.classList.toggle('broken', !good);
    setText(this.#parts.same, ledger.different ? `${count(ledger.different)} checksums differ from the others’`
      : ledger.same ? 'same checksums as the others' : ledger.skipped ? 'in order' : ' ');
    if (!this.#root.querySelector('details').open) {
      return;
    }
    for (const [partition, place] of [...ledger.partitions].sort(([a], [b]) => a - b)) {
      const [offset, checksum] = this.#row(partition);
      setText(offset, place.next === null ? '–' : count(place.next));
      setText(checksum, (place.checksum >>> 0).toString(16).padStart(8, '0'));
    }
  }

  #row(partition) {
    let cells = this.#rows.get(partition);
    if (!cells) {
      const row = this.#parts.checksums.insertRow();
      const name = document.createElement('th');
      name.scope = 'row';
      name.textContent = partition;
      row.append(name);
      cells = [row.insertCell(), row.insertCell()];
      cells.forEach(cell => cell.className = 'number mono');
      this.#rows.set(partition, cells);
    }
    return cells;
  }
}
