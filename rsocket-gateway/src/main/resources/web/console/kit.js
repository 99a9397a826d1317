/** What every view is built from: elements, formats of numbers and times, rates, and polling that stops when nobody looks. */

/**
 * An element. In `props` functions named on… are listeners, booleans are set or left out, what an element has as a property
 * that changes (value, checked, disabled, …) is set as one, and all else is an attribute. Children are nodes, texts, arrays.
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (PROPERTIES.has(name)) {
      element[name] = value;
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...nodes(children));
  return element;
}

const PROPERTIES = new Set(['value', 'checked', 'disabled', 'hidden', 'selected', 'textContent']);

function nodes(children) {
  return children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false);
}

let ids = 0;

/** An id that no other element has. */
export const freshId = prefix => `${prefix}-${++ids}`;

/** Sets a text, unless it is there already: what did not change is not painted, nor read out, again. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

/** 12,345 */
export const count = n => WHOLE.format(n);

/** `1 topic`, `2 topics` */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** Three digits or so, for what moves: 7, 940, 12.3k, 4.56M */
export function short(n) {
  const size = Math.abs(n);
  if (size < 10 && !Number.isInteger(n)) {
    return n.toFixed(1);
  }
  const [, divisor, unit] = [[1e12, 1e12, 'T'], [1e9, 1e9, 'G'], [1e6, 1e6, 'M'], [1e4, 1e3, 'k']]
      .find(([from]) => size >= from) ?? [0, 1, ''];
  const scaled = n / divisor;
  return unit ? `${scaled.toFixed(Math.abs(scaled) < 100 ? 1 : 0)}${unit}` : count(n);
}

/** 512 B, 1.5 KiB, 12 MiB: two digits or more */
export function bytes(n) {
  let scaled = n;
  let unit = 0;
  while (Math.abs(scaled) >= 1024 && unit < BYTES.length - 1) {
    scaled /= 1024;
    unit++;
  }
  const digits = unit === 0 || Math.abs(scaled) >= 10 || Number.isInteger(scaled) ? 0 : 1;
  return `${scaled.toFixed(digits)} ${BYTES[unit]}`;
}

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 340 ms, 2.4 s, 3 min 5 s, 4 h 12 min, 7 d */
export function duration(ms) {
  if (ms < 1000) {
    return `${Math.round(ms)} ms`;
  } else if (ms < 60e3) {
    return `${(ms / 1000).toFixed(ms < 10e3 ? 1 : 0)} s`;
  }
  const [large, small] = ms < 3600e3 ? [MINUTE, SECOND] : ms < 86400e3 ? [HOUR, MINUTE] : [DAY, HOUR];
  const whole = Math.floor(ms / large.ms);
  const rest = Math.floor((ms % large.ms) / small.ms);
  return rest ? `${count(whole)} ${large.name} ${rest} ${small.name}` : `${count(whole)} ${large.name}`;
}

const SECOND = {ms: 1e3, name: 's'};
const MINUTE = {ms: 60e3, name: 'min'};
const HOUR = {ms: 3600e3, name: 'h'};
const DAY = {ms: 86400e3, name: 'd'};

/** 2026-01-31 17:04:05.678, where the reader is */
export function localTime(ms) {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) {
    return String(ms);
  }
  const two = n => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${
      two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** What grows, as so much a second: `at(key, value)` gives the rate since the key was last looked at, null at first. */
export class Meter {
  #seen = new Map();

  at(key, value, nowMs = performance.now()) {
    const before = this.#seen.get(key);
    if (!before || value < before.value) {
      this.#seen.set(key, {value, nowMs, rate: null});
      return null;
    }
    const elapsed = nowMs - before.nowMs;
    if (elapsed < 400) {
      return before.rate;
    }
    const rate = elapsed > 60e3 ? null : (value - before.value) * 1000 / elapsed;
    this.#seen.set(key, {value, nowMs, rate});
    return rate;
  }

  last(key) {
    return this.#seen.get(key)?.rate ?? null;
  }

  /** Forgets keys that are gone. */
  keep(keys) {
    const kept = new Set(keys);
    [...this.#seen.keys()].filter(key => !kept.has(key)).forEach(key => this.#seen.delete(key));
  }
}

/** `1.2k /s`; an em dash while it is not known. */
export const rate = perSecond => perSecond === null ? '–' : `${short(perSecond)}/s`;

/** Resolves after so long, or once the signal aborts. */
export function pause(ms, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, {once: true});
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** Resolves while the page is looked at, or once the signal aborts. */
export function shown(signal) {
  return new Promise(resolve => {
    document.addEventListener('visibilitychange', look);
    signal?.addEventListener('abort', look);
    look();
    function look() {
      if (!document.hidden || signal?.aborted) {
        document.removeEventListener('visibilitychange', look);
        signal?.removeEventListener('abort', look);
        resolve();
      }
    }
  });
}

/**
 * Calls `look` at once and then every `everyMs` while the page is shown, one at a time, until the signal aborts. What takes
 * long is asked for less often. `failed` hears of errors, and of null once it works again.
 */
export async function poll(look, {everyMs = 1000, signal, failed}) {
  while (!signal.aborted) {
    await shown(signal);
    if (signal.aborted) {
      return;
    }
    const begun = performance.now();
    let problem = null;
    try {
      await look();
    } catch (error) {
      problem = error;
    }
    if (signal.aborted) {
      return;
    }
    failed?.(problem);
    const took = performance.now() - begun;
    await pause(Math.max(everyMs - took, took * 3, 50), signal);
  }
}

/** Calls `work` for each item, so many at a time, until all are done or the signal aborts. */
export async function each(items, work, {atOnce = 6, signal} = {}) {
  const waiting = [...items];
  const worker = async () => {
    while (waiting.length && !signal?.aborted) {
      await work(waiting.shift());
    }
  };
  await Promise.all(Array.from({length: Math.min(atOnce, waiting.length)}, worker));
}

/** A function that calls `work` once it was not called for so long. */
export function settled(work, ms = 200) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), ms);
  };
}
