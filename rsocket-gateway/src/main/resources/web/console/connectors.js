/** All connectors, of each group of workers: what they are to be, what they and their tasks are doing, and how far behind sinks are. */
import {topicNames} from './catalog.js';
import {connectorHref, stateTag, tasksTag, few, topicLinks, stateOf} from './connector.js';
import {count, h, plural, setText, settled} from './kit.js';
import {empty, heading, link, search, select} from './parts.js';
import {table} from './table.js';
import {View} from './view.js';
import {isDenied, Lags, shortClass, topicsOf, USUAL, workerGroups, Workers} from './workers.js';

const MOST_GROUPS = 20;
const PAINT_MS = 150;

class Connectors extends View {
  #wanted = '';
  #state;
  #groups = new Map();
  #left = 0;
  #found = h('p', {class: 'soft small', role: 'status'});
  #body = h('div', {class: 'stack'}, h('div', {class: 'panel'}, h('p', {class: 'soft'}, 'Looking…')));
  #lags = new Lags();
  #denied = new Map();
  #asked = false;
  #painting = null;

  begin() {
    const said = this.place.query;
    this.#wanted = said.get('q') ?? '';
    this.#state = select([['', 'in any state'], ...['running', 'paused', 'stopped', 'restarting', 'unassigned', 'failed', 'not begun'].map(one => [one, one])],
        said.get('state') ?? '', {'aria-label': 'Which, or whose tasks, are', onchange: () => this.#changed()});
    this.append(
        heading('Connectors', {lead: 'Sources bring records in from other systems, sinks take them out. Workers beside the server run them, and keep in the log what is told here.'}),
        this.trouble,
        h('div', {class: 'toolbar'},
            search('Search connectors', this.#wanted, settled(text => {
              this.#wanted = text;
              this.#changed();
            })),
            this.#state, this.#found),
        this.#body);
    this.every(() => this.#discover(), {everyMs: 2000});
    this.every(() => this.#lookAtLags(), {source: 'lag'});
  }

  ended() {
    clearTimeout(this.#painting);
    this.#groups.forEach(one => one.end.abort());
  }

  #changed() {
    this.#groups.forEach(one => one.table.page = 0);
    this.remember({q: this.#wanted, state: this.#state.value});
    this.#show();
  }

  /** Follows the groups of workers that there are. */
  async #discover() {
    const all = workerGroups(await topicNames());
    if (!all.length && !this.#asked) {
      await this.#ask();
    }
    if (this.signal.aborted) {
      return;
    }
    this.#asked = true;
    const there = new Set(all.slice(0, MOST_GROUPS));
    if (there.size && !there.has(USUAL)) {
      this.#failed(USUAL, `${USUAL}-configs`, null); // these others are what there is to see
    }
    this.#left = all.length - there.size;
    [...this.#groups].filter(([name]) => !there.has(name)).forEach(([name, one]) => {
      one.end.abort();
      this.#groups.delete(name);
      this.#failed(name, `${name}-configs`, null);
      this.#failed(name, `${name}-status`, null);
    });
    there.forEach(name => this.#groups.has(name) || this.#begin(name));
    this.#show();
  }

  /** Where no workers are seen: whether there are none, or they are not for this caller. */
  async #ask() {
    try {
      await this.levada.topics.describe(`${USUAL}-configs`);
    } catch (error) {
      if (isDenied(error)) {
        this.#failed(USUAL, `${USUAL}-configs`, error);
      }
    }
  }

  #begin(name) {
    const end = new AbortController();
    const workers = new Workers(name);
    const rows = table({
      label: `Connectors of ${name}`,
      cards: true,
      key: one => one.name,
      columns: [
        {head: 'Connector', header: true, sign: one => JSON.stringify([one.kind, one.config['connector.class']]), fill: (cell, one) => cell.append(
            h('div', null, link(one.name, connectorHref(one))), h('div', {class: 'small soft'}, [one.kind, shortClass(one.config)].filter(Boolean).join(', ')))},
        {head: 'Wanted', text: one => one.wanted},
        {head: 'State', sign: one => stateOf(one.told), fill: (cell, one) => cell.append(stateTag(one.told))},
        {head: 'Tasks', sign: one => one.tasks.map(stateOf).join(), fill: (cell, one) => cell.append(tasksTag(one.tasks))},
        {head: 'Workers', class: 'mono', text: one => few(workersOf(one)) || '–'},
        {head: 'Lag', number: true, text: one => this.#lags.of(one)},
        {head: 'Topics', wide: true, sign: one => topicsOf(one).join(), fill: (cell, one) => cell.append(h('span', null, topicLinks(topicsOf(one), 3)))},
      ],
      onlook: () => this.#lookAtLags(),
    });
    const title = h('div', {class: 'panel-head'}, h('h2', null, `Workers of ${name}`));
    this.#groups.set(name, {end, workers, table: rows, title, element: h('section', {class: 'panel', 'aria-label': `Workers of ${name}`}, title, rows)});
    workers.follow(this.levada, {signal: end.signal, changed: () => this.#paint(), failed: (topic, error) => this.#failed(name, topic, error)});
  }

  #failed(group, topic, error) {
    if (isDenied(error)) {
      this.#denied.set(topic, group);
    } else {
      this.#denied.delete(topic);
    }
    this.fail(error, topic);
  }

  /** Soon, and not for each record. */
  #paint() {
    this.#painting ??= setTimeout(() => {
      this.#painting = null;
      this.#show();
    }, PAINT_MS);
  }

  #show() {
    if (!this.#asked) {
      return;
    }
    const read = [...this.#groups.values()].filter(one => one.workers.isRead);
    const text = this.#wanted.trim().toLowerCase();
    const state = this.#state.value;
    let total = 0;
    let failed = 0;
    const shown = read.filter(one => {
      const all = one.workers.all();
      const rows = all.filter(row => (!state || statesOf(row).includes(state))
          && (!text || [row.name, row.config['connector.class'], row.kind, ...workersOf(row), ...topicsOf(row)].join(' ').toLowerCase().includes(text)));
      total += all.length;
      failed += rows.filter(row => statesOf(row).includes('failed')).length;
      one.table.rows = rows;
      return rows.length;
    });
    this.#fill(read, shown, total);
    const found = shown.reduce((sum, one) => sum + one.table.rows.length, 0);
    setText(this.#found, !read.length ? '' : [
      found < total ? `${plural(found, 'connector')} of ${count(total)}` : plural(found, 'connector'), failed ? `${count(failed)} failed` : null,
      this.#left ? `${plural(this.#left, 'group')} of workers more` : null,
      read.some(one => one.workers.isFull) ? 'more in their topics than is shown here' : null].filter(Boolean).join(', '));
  }

  #fill(read, shown, total) {
    if (shown.length) {
      shown.forEach(one => one.title.hidden = this.#groups.size === 1);
      this.#swap(`tables ${shown.map(one => one.workers.group).join(' ')}`, () => shown.map(one => one.element));
    } else if (total) {
      this.#swap('unfound', () => panel(empty('No connector is like that now', 'Search for something else, or for any state.', {
        actions: [link('Show all', '#/connectors', {class: 'button'})],
      })));
    } else if (this.#denied.size) {
      const [group] = this.#denied.values();
      this.#swap(`denied ${group}`, () => panel(denied(group)));
    } else if (read.length < this.#groups.size) {
      this.#swap('looking', () => panel(h('p', {class: 'soft'}, 'Looking…')));
    } else {
      this.#swap('none', () => panel(empty('No connectors yet', 'A worker, levada-connect, runs them. It is told of one by a file with '
          + 'its name and its configuration; as long as it runs, its REST API takes others.', {command: 'shop.json', program: 'levada-connect.jar'})));
    }
  }

  #swap(what, content) {
    if (this.#body.dataset.what !== what) {
      this.#body.dataset.what = what;
      this.#body.replaceChildren(...[content()].flat());
    }
  }

  async #lookAtLags() {
    const tables = [...this.#groups.values()].map(one => one.table).filter(one => one.isConnected);
    await this.#lags.look(tables.flatMap(one => one.visible), this.signal);
    if (!this.signal.aborted) {
      tables.forEach(one => one.refresh());
    }
  }
}

const panel = content => h('div', {class: 'panel'}, content);
const statesOf = one => [one.told, ...one.tasks].map(stateOf);
const workersOf = one => [...new Set([one.told, ...one.tasks].map(told => told?.worker).filter(Boolean))].sort();

/** What it takes to see them. */
const denied = group => empty('Connectors are not for you to see', `Who may read the topics ${group}-configs and ${group}-status sees `
    + 'here what is in them; somebody who looks after this server can permit it.');

customElements.define('levada-connectors', Connectors);
