/** One topic: its partitions, its records, what comes in now, and its settings. */
import {published, topics} from './catalog.js';
import {chart} from './chart.js';
import {bytes, count, h, rate, short} from './kit.js';
import {button, fact, heading, link, to} from './parts.js';
import {retention, cleanup, durability, setting, SETTINGS} from './settings.js';
import {table} from './table.js';
import {alterTopic, deleteTopic, publishTo} from './topic-forms.js';
import {View} from './view.js';
import './records.js';
import './tail.js';

const TABS = [['', 'Partitions'], ['records', 'Records'], ['tail', 'Live tail'], ['settings', 'Settings']];

class Topic extends View {
  #show;
  #topic = null;
  #actions = [];
  #facts = {
    records: fact('Records'), size: fact('Size'), rate: fact('Published'), partitions: fact('Partitions'),
    kept: fact('Kept'), compacted: fact('Compacted'), durability: fact('Durability'),
  };
  #body = h('div', {class: 'stack'});

  begin() {
    const [name, tab = ''] = this.place.path;
    const act = (label, work, kind) => {
      this.#actions.push(button(label, work, {kind, disabled: true}));
      return this.#actions.at(-1);
    };
    this.append(
        heading(name, {
          above: link('Topics', '#/topics'),
          actions: [
            act('Publish a record', () => publishTo(this.levada, this.#topic), 'primary'),
            act('Change', () => alterTopic(this.levada, this.#topic, () => this.#look())),
            act('Delete', () => deleteTopic(this.levada, this.#topic), 'danger'),
          ],
        }),
        this.trouble,
        h('nav', {class: 'tabs', 'aria-label': `About ${name}`}, TABS.map(([path, label]) =>
          link(label, path ? to('topics', name, path) : to('topics', name), {'aria-current': path === tab ? 'page' : null}))),
        this.#body);
    const part = {'': () => this.#partitions(), records: () => this.#sub('levada-records'), tail: () => this.#sub('levada-tail'),
      settings: () => this.#settings()}[tab] ?? (() => this.#partitions());
    this.#show = part();
    this.every(() => this.#look(), {away: [link('All topics', '#/topics', {class: 'button'})]});
  }

  async #look() {
    this.#topic = await topics.look(this.place.path[0]);
    if (!this.signal.aborted) {
      this.#actions.forEach(action => action.disabled = false);
      this.#show(this.#topic);
    }
  }

  #partitions() {
    const name = this.place.path[0];
    const flow = chart(`topic ${name}`, {label: 'Records published a second', format: n => short(n), series: [{label: 'published', colour: 1}]});
    const rows = table({
      label: `Partitions of ${name}`,
      key: one => one.partition,
      pageSize: 100,
      columns: [
        {head: 'Partition', header: true, sign: () => '', fill: (cell, one) =>
          cell.append(link(String(one.partition), `${to('topics', name, 'records')}?partition=${one.partition}`))},
        {head: 'Start', number: true, text: one => count(one.start)},
        {head: 'End', number: true, text: one => count(one.end)},
        {head: 'Durable end', number: true, text: one => count(one.durable)},
        {head: 'Size', number: true, text: one => bytes(one.bytes)},
        {head: 'Published', number: true, text: one => rate(one.rate)},
      ],
    });
    this.#body.append(this.#summary(), h('div', {class: 'panel'}, flow), h('div', {class: 'panel'}, rows));
    return topic => {
      this.#sum(topic);
      flow.add(topic.rate);
      const now = performance.now();
      rows.rows = topic.partitions.map(one => ({...one, rate: published.at(`${topic.id} ${one.partition}`, one.end, now)}));
    };
  }

  #sub(tag) {
    const part = document.createElement(tag);
    part.place = this.place;
    let begun = false;
    return topic => {
      part.topic = topic;
      if (!begun) {
        begun = true;
        this.#body.append(part);
      }
    };
  }

  #settings() {
    const rows = h('tbody');
    const name = this.place.path[0];
    this.#body.append(this.#summary(), h('div', {class: 'panel'},
        h('div', {class: 'panel-head'}, h('h2', null, 'Settings'),
            button('Change', () => this.#topic && alterTopic(this.levada, this.#topic, () => this.#look()))),
        h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Settings of ${name}`}, h('table', null,
            h('caption', {class: 'unseen'}, `Settings of ${name}`),
            h('thead', null, h('tr', null, ['Setting', 'Value', 'What it is'].map(head => h('th', {scope: 'col'}, head)))), rows))));
    let told = '';
    return topic => {
      this.#sum(topic);
      const known = JSON.stringify([topic.config, topic.id]);
      if (told !== known) {
        told = known;
        rows.replaceChildren(
            ...SETTINGS.map(one => row(one.name, setting(one, topic.config) || 'as the server has it', one.meaning ?? one.hint)),
            row('durability', durability(topic.config), 'What a record has survived when it is acknowledged; fixed.'),
            row('id', topic.id, 'The topic’s own, also when another of the same name comes after it.'));
      }
    };
  }

  #summary() {
    return h('dl', {class: 'facts'}, Object.values(this.#facts).map(one => one.element));
  }

  #sum(topic) {
    this.#facts.records.set(count(topic.records));
    this.#facts.size.set(bytes(topic.bytes));
    this.#facts.rate.set(rate(topic.rate));
    this.#facts.partitions.set(count(topic.partitions.length));
    this.#facts.kept.set(retention(topic.config));
    this.#facts.compacted.set(cleanup(topic.config).compact ? 'yes' : 'no');
    this.#facts.durability.set(durability(topic.config));
  }
}

function row(name, value, meaning) {
  return h('tr', null,
      h('th', {scope: 'row', class: 'mono'}, name),
      h('td', {class: 'mono'}, value),
      h('td', {class: 'soft'}, meaning));
}

customElements.define('levada-topic', Topic);
