/** One of the four readers: a connection of its own, a reading on it, and the loop that takes from it at its own pace. */
import {connect} from '/levada.js';
import {pause} from './gate.js';
import {Ledger} from './ledger.js';

/** This page among all that read the topic now. */
export const WINDOW = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);

export class Reader {
  /** How the server's statistics name it. */
  label;
  ledger;
  /** @type {import('/levada.js').Levada | undefined} */
  levada;
  reading;
  /** What went wrong, until it goes on. */
  problem = null;
  #options;
  #loop;

  /**
   * @param {string} id of its panel
   * @param {{options?: object, skips?: boolean, agreement: object}} how options of the reading, and whether it may leave out records
   * @param {(reading: object, ledger: Ledger) => Promise<void>} loop takes what it is given
   */
  constructor(id, {options, skips, agreement}, loop) {
    this.id = id;
    this.label = `${WINDOW}/${id}`;
    this.ledger = new Ledger(agreement, skips);
    this.#options = options;
    this.#loop = loop;
  }

  get connected() {
    return this.levada?.state === 'open';
  }

  /** Reads from now on, and begins anew with the next record where that fails: when the topic was deleted, for one. */
  async run(topic) {
    for (;;) {
      try {
        this.levada ??= await connect();
        this.reading = this.levada.topic(topic).read({
          ...this.#options,
          from: 'latest',
          label: this.label,
          onGap: gap => this.ledger.expire(gap),
        });
        this.problem = null;
        await this.#loop(this.reading, this.ledger);
      } catch (error) {
        this.problem = error.message;
        if (this.levada?.state === 'closed') {
          this.levada = undefined;
        }
      }
      this.ledger.restart();
      await pause(1_000);
    }
  }
}
