/** Numbers for people, and texts that are only set when they change. */

const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

/** 12,345 */
export const count = n => WHOLE.format(n);

/** A rate without the digits that flicker: 7, 498, 1,250, 49,900 */
export function calm(n) {
  const step = n >= 10_000 ? 100 : n >= 1_000 ? 10 : 1;
  return count(Math.round(n / step) * step);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 512 B, 1.5 KiB, 12 MiB */
export function bytes(n) {
  let scaled = n;
  let unit = 0;
  for (; scaled >= 1024 && unit < UNITS.length - 1; unit++) {
    scaled /= 1024;
  }
  return `${scaled.toFixed(unit && scaled < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** `1 window`, `2 windows` */
export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

/** `0`, `0 and 2`, `0, 1 and 3` */
export const list = items => items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

/** @param {Element} node */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** What grows, as so much a second, over the last two seconds. */
export class Speed {
  #points = [];
  static #SPAN_MS = 2_000;

  /** Takes note of how much it is now; gives the rate. */
  at(value, nowMs = performance.now()) {
    const points = this.#points;
    if (points.length && value < points.at(-1).value) {
      points.length = 0;
    }
    points.push({value, nowMs});
    while (points.length > 2 && nowMs - points[1].nowMs >= Speed.#SPAN_MS) {
      points.shift();
    }
    const elapsed = nowMs - points[0].nowMs;
    return elapsed < 200 ? 0 : (value - points[0].value) * 1_000 / elapsed;
  }
}
