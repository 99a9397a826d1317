/** A view: a custom element that is alive while it is on the page, with its connection, its place and its trouble. */
import {h, pause, poll, shown} from './kit.js';
import {problem} from './parts.js';

/** Connected by app.js before the first view comes. */
export const server = {levada: null};

export class View extends HTMLElement {
  #ending = new AbortController();
  #trouble = h('div', {class: 'trouble'});
  #problems = new Map();
  #told = '';

  /** What the address says: `path` behind the view's own, `query` as URLSearchParams. */
  place = {path: [], query: new URLSearchParams()};

  connectedCallback() {
    this.#ending = new AbortController();
    this.begin();
  }

  disconnectedCallback() {
    this.#ending.abort();
    this.ended?.();
  }

  /** Aborts when the view goes. */
  get signal() {
    return this.#ending.signal;
  }

  get levada() {
    return server.levada;
  }

  /** Where the view's errors are told; to be put under its heading. */
  get trouble() {
    return this.#trouble;
  }

  /**
   * Tells an error where the view has its place for it, until the same source takes it back with null. That the connection
   * is lost is told above all views, and not here again.
   */
  fail(error, source = 'view', ...more) {
    if (error && !(error.code === 'CONNECTION_LOST' && this.levada.state !== 'open')) {
      this.#problems.set(source, {error, more});
    } else {
      this.#problems.delete(source);
    }
    const [first] = this.#problems.values();
    const told = first ? `${first.error.code} ${first.error.message}` : '';
    if (told !== this.#told) {
      this.#told = told;
      this.#trouble.replaceChildren(...(first ? [problem(first.error, ...first.more)] : []));
    }
  }

  /** Looks every second while the view and the page are shown. */
  every(look, {everyMs = 1000, source = 'look', away = []} = {}) {
    poll(look, {everyMs, signal: this.signal, failed: error => this.fail(error, source, ...away)});
  }

  /** Takes the server's statistics while the view and the page are shown. */
  async stats(options, take) {
    while (!this.signal.aborted) {
      const stats = this.levada.stats(options)[Symbol.asyncIterator]();
      const leave = () => stats.return?.();
      this.signal.addEventListener('abort', leave, {once: true});
      try {
        for (let next = await stats.next(); !next.done && !this.signal.aborted; next = await stats.next()) {
          take(next.value);
          this.fail(null, 'stats');
          await shown(this.signal);
        }
      } catch (error) {
        if (!this.signal.aborted) {
          this.fail(error, 'stats');
        }
      }
      this.signal.removeEventListener('abort', leave);
      await pause(1000, this.signal);
    }
  }

  /** Writes into the address what is looked at, so that it can be linked, without going anywhere. */
  remember(values) {
    const [path] = location.hash.split('?');
    const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== ''));
    const hash = `${path || '#/'}${query.size ? `?${query}` : ''}`;
    if (hash !== location.hash) {
      history.replaceState(null, '', hash);
    }
  }
}
