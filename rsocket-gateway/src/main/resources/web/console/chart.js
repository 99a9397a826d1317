/** Live charts: the last minutes of some numbers, drawn by uPlot, told in words to those who do not see them. */
import uPlot from '/lib/uplot.js';
import {h, setText} from './kit.js';

const KEPT = 180;
const GAP_S = 5;
const histories = new Map();

/** Points of some series over time: the last three minutes, kept while the page lives, so that a view comes back with its past. */
class History {
  times = [];
  series;

  constructor(width) {
    this.series = Array.from({length: width}, () => []);
  }

  static of(name, width) {
    if (!histories.has(name)) {
      histories.set(name, new History(width));
      if (histories.size > 60) {
        histories.delete(histories.keys().next().value);
      }
    }
    return histories.get(name);
  }

  push(seconds, values) {
    const last = this.times.at(-1);
    if (last !== undefined && seconds <= last) {
      return;
    }
    if (last !== undefined && seconds - last > GAP_S) {
      this.#add(last + 1, values.map(() => null));
    }
    this.#add(seconds, values);
  }

  #add(seconds, values) {
    this.times.push(seconds);
    this.series.forEach((points, i) => points.push(values[i]));
    while (this.times.length > KEPT) {
      this.times.shift();
      this.series.forEach(points => points.shift());
    }
  }
}

const redrawn = new Set();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redrawn.forEach(chart => chart.redraw()));

/**
 * `<levada-chart>`: set `label`, `series` (`[{label, colour}]`, colour 1 to 4), `format` (of a number; `binary` where it is of bytes)
 * and `history` before it is added; call `add(...values)` for each point.
 */
class Chart extends HTMLElement {
  label = '';
  series = [];
  format = String;
  binary = false;
  height = 96;
  history = null;
  #plot = null;
  #box = h('div', {class: 'plot', role: 'img'});
  #values = [];
  #resized = null;

  connectedCallback() {
    this.history ??= new History(this.series.length);
    this.#values = this.series.map(() => h('span', {class: 'chart-value'}, '–'));
    this.replaceChildren(
        h('div', {class: 'chart-head'},
            h('h2', null, this.label),
            h('div', {class: 'chart-values'}, this.series.map((one, i) => h('span', {class: 'chart-series'},
                this.series.length > 1 ? [h('span', {class: `swatch swatch-${one.colour}`}), h('span', {class: 'soft small'}, one.label)] : null,
                this.#values[i])))),
        this.#box);
    this.#plot = new uPlot(this.#options(), this.#data(), this.#box);
    this.#resized = new ResizeObserver(() => this.#plot.setSize({width: this.#width(), height: this.height}));
    this.#resized.observe(this.#box);
    redrawn.add(this);
    this.#tell();
  }

  disconnectedCallback() {
    this.#resized.disconnect();
    this.#plot.destroy();
    redrawn.delete(this);
  }

  add(...values) {
    this.history.push(Date.now() / 1000, values);
    if (this.#plot) {
      this.#plot.setData(this.#data());
      this.#tell(this.#plot.cursor.idx ?? null);
    }
  }

  redraw() {
    this.#plot?.redraw(false, true);
  }

  #width() {
    return Math.max(80, Math.floor(this.#box.clientWidth));
  }

  #data() {
    return [this.history.times, ...this.history.series];
  }

  #tell(at = null) {
    const words = this.series.map((one, i) => {
      const points = this.history.series[i];
      const value = points[at ?? points.length - 1];
      setText(this.#values[i], value === null || value === undefined ? '–' : this.format(value));
      const known = points.filter(point => point !== null && point !== undefined);
      const span = known.length ? `${this.format(known.at(-1))} now, between ${this.format(Math.min(...known))} and ${
          this.format(Math.max(...known))} over the last ${Math.round(this.history.times.at(-1) - this.history.times[0])} seconds` : 'nothing known yet';
      return `${one.label}: ${span}`;
    });
    if (at === null) {
      this.#box.setAttribute('aria-label', `${this.label}. ${words.join('. ')}.`);
    }
  }

  #options() {
    const colour = name => getComputedStyle(this).getPropertyValue(name).trim();
    const axis = {stroke: () => colour('--ink-soft'), ticks: {show: false}, font: '11px system-ui, sans-serif'};
    return {
      width: this.#width(),
      height: this.height,
      legend: {show: false},
      padding: [8, 4, 0, 0],
      cursor: {y: false, points: {size: 6}, drag: {x: false, y: false}, sync: {key: 'levada'}},
      scales: {
        x: {range: (plot, low, high) => [(high ?? 0) - Math.min(KEPT, Math.max(60, (high ?? 0) - (low ?? 0))), high ?? 0]},
        y: {range: (plot, low, high) => [0, Math.max(1, (high ?? 0) * 1.1)]},
      },
      axes: [
        {...axis, size: 20, gap: 4, grid: {show: false}, splits: (plot, i, low, high) => marks(high - low).map(ago => high - ago),
          values: (plot, splits, i) => marks(plot.scales.x.max - plot.scales.x.min).map(ago => ago < 60 ? `${ago} s ago` : `${ago / 60} min ago`)},
        {...axis, size: 60, space: 30, gap: 6, grid: {stroke: () => colour('--line'), width: 1}, incrs: this.binary ? POWERS : undefined,
          values: (plot, values) => values.map(value => value % 1 ? '' : this.format(value))},
      ],
      series: [{}, ...this.series.map(one => ({
        label: one.label,
        stroke: () => colour(`--chart-${one.colour}`),
        fill: this.series.length === 1 || one.filled ? () => `color-mix(in srgb, ${colour(`--chart-${one.colour}`)} 14%, transparent)` : undefined,
        width: 1.75,
        points: {show: false},
      }))],
      hooks: {setCursor: [plot => this.#tell(plot.cursor.idx ?? null)]},
    };
  }
}

/** Where time is marked: so many seconds ago. */
const marks = span => [120, 60, 30].filter(ago => ago < span * 0.9 && ago > span * 0.25);

/** Bytes are counted in powers of two, and so are their marks. */
const POWERS = Array.from({length: 50}, (_, i) => 2 ** i);

customElements.define('levada-chart', Chart);

/** A chart with its settings; `name` keeps its past. */
export function chart(name, settings) {
  return Object.assign(document.createElement('levada-chart'), settings, {history: History.of(name, settings.series.length)});
}
