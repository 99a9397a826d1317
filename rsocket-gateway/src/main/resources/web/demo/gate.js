/** What a loop waits at before it takes the next record. */

/** Open, or closed for as long as somebody says. */
export class Gate {
  #closed = false;
  #wake = () => {};

  /** @param {boolean} closed */
  set closed(closed) {
    this.#closed = closed;
    this.#wake();
  }

  get closed() {
    return this.#closed;
  }

  /** To be waited for. */
  async pass() {
    while (this.#closed) {
      await new Promise(resolve => this.#wake = resolve);
    }
  }
}

/** Lets so many a second pass; at 0 none. */
export class Pace {
  static #TICK_MS = 40;
  #perSecond;
  #allowed = 0;
  #lastMs = performance.now();
  #wake = () => {};

  constructor(perSecond) {
    this.#perSecond = perSecond;
  }

  set perSecond(perSecond) {
    this.#perSecond = perSecond;
    this.#allowed = 0;
    this.#lastMs = performance.now();
    this.#wake();
  }

  get perSecond() {
    return this.#perSecond;
  }

  /** Nothing, or a promise to be waited for. */
  pass() {
    return this.#take() ? undefined : this.#wait();
  }

  async #wait() {
    do {
      await new Promise(resolve => {
        this.#wake = resolve;
        if (this.#perSecond) {
          setTimeout(resolve, Math.max(Pace.#TICK_MS, Math.min(1_000 / this.#perSecond, 1_000)));
        }
      });
    } while (!this.#take());
  }

  /** What was not used is good for a second: timers of pages that nobody looks at are as slow. */
  #take() {
    if (this.#allowed < 1) {
      const nowMs = performance.now();
      this.#allowed += Math.min(nowMs - this.#lastMs, 1_000) * this.#perSecond / 1_000;
      this.#lastMs = nowMs;
      if (this.#allowed < 1) {
        return false;
      }
    }
    this.#allowed--;
    return true;
  }
}

/** @param {number} ms */
export const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
