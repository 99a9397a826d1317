/** One connector: what it and each of its tasks is doing, where, and what they failed with; its topics and its configuration. */
import {h, localTime} from './kit.js';
import {empty, fact, heading, link, to} from './parts.js';
import {table} from './table.js';
import {View} from './view.js';
import {isDenied, Lags, masked, sinkGroup, topicsOf, USUAL, Workers} from './workers.js';

const PAINT_MS = 150;
const MOST_LINKS = 100;
const MOST_OF_A_VALUE = 4096;

class Connector extends View {
  #workers;
  #lags = new Lags();
  #one = null;
  #painting = null;
  #facts = {
    state: fact('State'), wanted: fact('Wanted'), tasks: fact('Tasks'), kind: fact('Kind'), lag: fact('Lag'),
  };
  #units = table({
    label: 'The connector and its tasks',
    cards: true,
    key: one => one.name,
    columns: [
      {head: 'What', header: true, text: one => one.name},
      {head: 'State', sign: one => stateOf(one.told), fill: (cell, one) => cell.append(stateTag(one.told))},
      {head: 'Worker', class: 'mono', text: one => one.told?.worker || '–'},
      {head: 'Told', wide: true, class: 'when', text: one => one.told ? localTime(one.told.timestamp) : '–'},
      {head: 'What it failed with', class: 'trace', sign: one => one.told?.trace ?? '', fill: (cell, one) => cell.append(...failure(one))},
    ],
  });
  #config = table({
    label: 'Configuration',
    key: one => one.name,
    pageSize: 100,
    columns: [
      {head: 'Setting', header: true, class: 'mono', text: one => one.name},
      {head: 'Value', class: 'mono setting', text: one => one.value.length > MOST_OF_A_VALUE ? `${one.value.slice(0, MOST_OF_A_VALUE)}…` : one.value},
    ],
  });
  #flow = h('dl', {class: 'record-facts'});
  #flowing = '';
  #body = h('div', {class: 'stack'}, h('p', {class: 'soft'}, 'Looking…'));

  begin() {
    const [name] = this.place.path;
    const group = this.place.query.get('group') ?? USUAL;
    this.append(heading(name, {above: link('Connectors', '#/connectors')}), this.trouble, this.#body);
    this.#workers = new Workers(group, name);
    this.#workers.follow(this.levada, {
      signal: this.signal,
      changed: () => this.#painting ??= setTimeout(() => {
        this.#painting = null;
        this.#show();
      }, PAINT_MS),
      failed: (topic, error) => this.#failed(topic, error),
    });
    this.every(async () => {
      if (this.#one) {
        await this.#lags.look([this.#one], this.signal);
        this.#facts.lag.set(this.#lags.of(this.#one));
      }
    }, {source: 'lag'});
  }

  ended() {
    clearTimeout(this.#painting);
  }

  #failed(topic, error) {
    this.fail(error, topic, isDenied(error) ? h('span', null, `Who may read ${topic} sees here what is in it.`) : [],
        link('All connectors', '#/connectors', {class: 'button'}));
    if (error && !this.#workers.isRead) {
      this.#swap('failed', () => []);
    }
  }

  #show() {
    if (!this.#workers.isRead) {
      return;
    }
    const one = this.#one = this.#workers.get(this.place.path[0]) ?? null;
    this.#swap(one ? 'connector' : 'none', one ? () => this.#parts() : () => [panel(null, empty('There is no such connector',
        `The workers of ${this.#workers.group} have none of this name now.`, {actions: [link('All connectors', '#/connectors', {class: 'button'})]}))]);
    if (one) {
      this.#facts.state.set(stateOf(one.told));
      this.#facts.wanted.set(one.wanted);
      this.#facts.tasks.set(tasksText(one.tasks));
      this.#facts.kind.set(one.kind);
      this.#facts.lag.set(this.#lags.of(one));
      this.#units.rows = [{name: 'Connector', told: one.told}, ...one.tasks.map((told, task) => ({name: `Task ${task}`, told}))];
      this.#config.rows = masked(one.config);
      this.#flows(one);
    }
  }

  #parts() {
    return [
      h('dl', {class: 'facts'}, Object.values(this.#facts).map(each => each.element)),
      panel('What runs', this.#units),
      panel(null, this.#flow),
      panel('Configuration', this.#config),
    ];
  }

  /** What it is, and where its records come from and go to. */
  #flows(one) {
    const topics = topicsOf(one);
    const group = one.kind === 'sink' ? sinkGroup(one) : null;
    const type = one.config['connector.class'] ?? '–';
    const told = JSON.stringify([type, topics, group, one.topics.length]);
    if (told !== this.#flowing) {
      this.#flowing = told;
      this.#flow.replaceChildren(
          pair('Class', h('span', {class: 'mono'}, type)),
          pair(one.topics.length || !topics.length ? 'Topics in use' : 'Topics it is to read', topicLinks(topics, MOST_LINKS)),
          ...group ? [pair('Its group', link(group, to('groups', group)))] : [],
          pair('Its workers', link(this.#workers.group, to('groups', this.#workers.group))));
    }
  }

  #swap(what, content) {
    if (this.#body.dataset.what !== what) {
      this.#body.dataset.what = what;
      this.#body.replaceChildren(...content());
    }
  }
}

const panel = (title, content) => h('div', {class: 'panel'}, title ? h('div', {class: 'panel-head'}, h('h2', null, title)) : null, content);
const pair = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));

/** The first line of a trace, which opens; it is text of somebody else's. */
function failure({name, told}) {
  if (!told?.trace) {
    return [];
  }
  const [first] = told.trace.split('\n', 1);
  return [h('details', null, h('summary', null, first.slice(0, 300)),
      h('pre', {tabindex: '0', role: 'region', 'aria-label': `Trace of ${name}`}, told.trace))];
}

const TONES = {'running': 'good', 'failed': 'bad', 'restarting': 'warn', 'unassigned': 'warn', 'not begun': 'warn'};
const ORDER = ['running', 'paused', 'stopped', 'restarting', 'unassigned', 'not begun', 'failed'];

/** What is said of a connector or a task: what was told of it, in words. */
export const stateOf = told => told ? told.state.toLowerCase() : 'not begun';

const tag = (word, text) => h('span', {class: `tag ${TONES[word] ?? ''}`.trim()}, text);

export const stateTag = told => tag(stateOf(told), stateOf(told));

/** 2 running, 1 failed */
function tasksText(tasks) {
  const states = tasks.map(stateOf);
  const counts = ORDER.map(word => [word, states.filter(state => state === word).length]).filter(([, n]) => n);
  return counts.map(([word, n]) => `${n} ${word}`).join(', ') || 'none';
}

/** The same as a label, coloured by the worst of them. */
export function tasksTag(tasks) {
  const worst = tasks.length ? ORDER.findLast(word => tasks.some(told => stateOf(told) === word)) : '';
  return tag(worst, tasksText(tasks));
}

export const connectorHref = ({name, group}) => `${to('connectors', name)}${group === USUAL ? '' : `?group=${encodeURIComponent(group)}`}`;

export const few = names => names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');

/** Links to the first few topics. */
export function topicLinks(topics, most) {
  const links = topics.slice(0, most).flatMap((topic, i) => [i ? ', ' : '', link(topic, to('topics', topic))]);
  return topics.length ? [...links, topics.length > most ? ` and ${topics.length - most} more` : ''] : ['–'];
}

customElements.define('levada-connector', Connector);
