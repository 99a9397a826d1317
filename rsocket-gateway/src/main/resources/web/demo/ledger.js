/** What a reader got, held against what it ought to get. */

/** Records whose checksums are compared together: those of a partition from a multiple of this on. */
const BLOCK = 1_024;

/** FNV-1a over an offset and the bytes of a value. @param {number} offset @param {Uint8Array | null} value */
function hash(offset, value) {
  let sum = Math.imul(0x811c9dc5 ^ offset, 0x01000193);
  if (value) {
    for (let i = 0; i < value.length; i++) {
      sum = Math.imul(sum ^ value[i], 0x01000193);
    }
  }
  return sum;
}

/** Where readers that pass the same place compare what they got there. */
export class Agreement {
  /** Checksums of whole blocks by partition and number, as whoever was there first has them. */
  #first = new Map();

  /** @param {Ledger} ledger who has a whole block */
  whole(ledger, partition, block, sum) {
    let blocks = this.#first.get(partition);
    if (!blocks) {
      this.#first.set(partition, blocks = new Map());
    }
    const known = blocks.get(block);
    if (!known) {
      blocks.set(block, {sum, ledger});
      return;
    }
    const verdict = known.sum === sum ? 'same' : 'different';
    ledger[verdict]++;
    known.ledger[verdict]++;
  }

  /** Forgets all: what is read from now on may be another topic. */
  clear() {
    this.#first.clear();
  }

  /** Forgets what the log does not keep any more: nobody will pass there. */
  forgetBelow(partition, offset) {
    const blocks = this.#first.get(partition) ?? new Map();
    for (const block of blocks.keys()) { // ascending, nearly
      if ((block + 1) * BLOCK > offset) {
        return;
      }
      blocks.delete(block);
    }
  }
}

/** Counts what one reader gets, sees to the order in each partition, and keeps a running checksum over offsets and values. */
export class Ledger {
  records = 0;
  /** Offsets that are missing and ought to be there. */
  gaps = 0;
  /** Records that came again, or too late. */
  duplicates = 0;
  /** Offsets left out on purpose, where the reader wanted it so. */
  skipped = 0;
  /** Offsets that retention had taken before they were asked for. */
  expired = 0;
  /** Blocks that equal, or do not, those of another reader. */
  same = 0;
  different = 0;
  /** By partition `{next, checksum, ...}`. */
  partitions = new Map();
  #agreement;
  #skips;

  /** @param {Agreement} agreement @param {boolean} skips whether offsets may be left out */
  constructor(agreement, skips = false) {
    this.#agreement = agreement;
    this.#skips = skips;
  }

  /** @param {{partition: number, offset: number, value: Uint8Array | null}} record */
  take({partition, offset, value}) {
    const place = this.#place(partition);
    this.records++;
    if (place.next !== null && offset !== place.next) {
      if (offset < place.next) {
        this.duplicates++;
        return;
      }
      this[this.#skips ? 'skipped' : 'gaps'] += offset - place.next;
      place.whole = false;
    }
    const sum = hash(offset, value);
    const within = offset % BLOCK;
    if (within === 0) {
      place.whole = true;
      place.sum = 0;
    }
    place.sum = place.sum + sum | 0;
    place.checksum = Math.imul(place.checksum, 31) + sum | 0;
    place.next = offset + 1;
    if (within === BLOCK - 1 && place.whole) {
      this.#agreement.whole(this, partition, (offset - within) / BLOCK, place.sum);
    }
  }

  /** Offsets that the log does not have any more. */
  expire({partition, from, to}) {
    const place = this.#place(partition);
    this.expired += to - from;
    place.whole = false;
    place.next = to;
  }

  /** Begins anew, with what was counted so far. */
  restart() {
    this.partitions.clear();
    this.#agreement.clear();
  }

  #place(partition) {
    let place = this.partitions.get(partition);
    if (!place) {
      this.partitions.set(partition, place = {next: null, checksum: 0, sum: 0, whole: false});
    }
    return place;
  }
}
