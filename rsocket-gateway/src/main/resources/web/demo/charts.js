/** Three small charts of the server: the last minute of its heap, of what it holds for readers, and of its reads from storage. */
import uPlot from '/lib/uplot.js';
import {bytes, calm, setText, Speed} from './format.js';

const KEPT = 240;
const HEIGHT = 64;
const MIB = 1 << 20;

const CHARTS = [
  {name: 'Memory in use', of: stats => stats.heapBytes, says: bytes, least: 256 * MIB},
  {name: 'On its way to readers', of: stats => stats.bytesInFlight, says: bytes, least: 4 * MIB},
  {name: 'Reads from storage a second', of: (stats, reads) => reads.at(stats.storageReads), says: calm, least: 100},
];

class Chart {
  #how;
  #reads = new Speed();
  #times = [];
  #values = [];
  #value = document.createElement('span');
  #box = document.createElement('div');
  #plot;

  constructor(how, into) {
    this.#how = how;
    const name = document.createElement('h3');
    name.textContent = how.name;
    this.#value.textContent = '–';
    this.#value.className = 'value';
    this.#box.className = 'plot';
    this.#box.setAttribute('role', 'img');
    this.#box.setAttribute('aria-label', `${how.name}: nothing known yet`);
    const figure = document.createElement('div');
    figure.className = 'chart';
    figure.append(name, this.#value, this.#box);
    into.append(figure);
    this.#plot = new uPlot(this.#options(), [[], []], this.#box);
    new ResizeObserver(() => this.#plot.setSize({width: this.#width(), height: HEIGHT})).observe(this.#box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw());
  }

  #width() {
    return Math.max(60, Math.floor(this.#box.clientWidth));
  }

  #options() {
    const colour = name => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return {
      width: this.#width(),
      height: HEIGHT,
      legend: {show: false},
      cursor: {show: false},
      padding: [4, 0, 4, 0],
      scales: {
        x: {time: false, range: (plot, low, high) => [(high ?? 0) - KEPT / 4, high ?? 1]},
        y: {range: (plot, low, high) => [0, Math.max(this.#how.least, (high ?? 0) * 1.5)]},
      },
      axes: [{show: false}, {show: false}],
      series: [{}, {stroke: colour('--chart-1'), fill: colour('--accent-wash'), width: 1.5, points: {show: false}}],
    };
  }

  add(stats) {
    const value = this.#how.of(stats, this.#reads);
    this.#times.push(stats.timestamp / 1_000);
    this.#values.push(value);
    if (this.#times.length > KEPT) {
      this.#times.shift();
      this.#values.shift();
    }
    if (document.hidden) {
      return;
    }
    this.#plot.setData([this.#times, this.#values]);
    const says = this.#how.says(value);
    setText(this.#value, says);
    this.#box.setAttribute('aria-label', `${this.#how.name}: ${says} now, ${this.#how.says(Math.max(...this.#values))} at most in the last minute`);
  }
}

/** @param {Element} into @returns {(stats: object) => void} is given each of the server's statistics */
export function charts(into) {
  const all = CHARTS.map(how => new Chart(how, into));
  return stats => all.forEach(chart => chart.add(stats));
}
