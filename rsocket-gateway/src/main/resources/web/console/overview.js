/** The overview: what flows, what the server holds, and the topics and groups at a glance. */
import {groupNames, groups, topicNames, topics} from './catalog.js';
import {chart} from './chart.js';
import {createTopic} from './topic-forms.js';
import {bytes, count, duration, h, Meter, rate, short} from './kit.js';
import {button, empty, fact, heading, link, to} from './parts.js';
import {table} from './table.js';
import {View} from './view.js';

/** So many topics are looked at in a second; where there are more, they take turns. */
const A_SECOND = 48;
const GLANCE = 8;

class Overview extends View {
  #facts = {
    topics: fact('Topics', '#/topics'),
    groups: fact('Groups', '#/groups'),
    subscriptions: fact('Subscriptions', '#/subscriptions'),
    connections: fact('Connections'),
    lag: fact('Total lag'),
  };
  #charts = {
    flow: chart('flow', {label: 'Records a second', height: 168, format: n => short(n),
      series: [{label: 'published', colour: 1, filled: true}, {label: 'delivered', colour: 2}]}),
    memory: chart('memory', {label: 'Memory', format: bytes, binary: true, series: [{label: 'heap', colour: 1}, {label: 'direct', colour: 2}]}),
    inFlight: chart('inFlight', {label: 'Bytes in flight', format: bytes, binary: true, series: [{label: 'held and not yet written', colour: 1}]}),
    storage: chart('storage', {label: 'Read from storage', format: n => `${bytes(n)}/s`, binary: true, series: [{label: 'bytes a second', colour: 1}]}),
    connections: chart('connections', {label: 'Connections and subscriptions', format: n => short(n),
      series: [{label: 'connections', colour: 1}, {label: 'subscriptions', colour: 2}]}),
  };
  #storage = new Meter();
  #delivered = new Map();
  #deliveredAt = null;
  #names = null;
  #next = 0;
  #topics = glance('Topics', '#/topics', [
    {head: 'Topic', header: true, fill: (cell, name) => cell.append(link(name, to('topics', name)))},
    {head: 'Records', number: true, text: name => known(topics.get(name), one => count(one.records))},
    {head: 'Size', number: true, wide: true, text: name => known(topics.get(name), one => bytes(one.bytes))},
    {head: 'Published', number: true, text: name => known(topics.get(name), one => rate(one.rate))},
  ]);
  #groups = glance('Groups', '#/groups', [
    {head: 'Group', header: true, fill: (cell, name) => cell.append(link(name, to('groups', name)))},
    {head: 'Members', number: true, wide: true, text: name => known(groups.get(name), one => count(one.members.length))},
    {head: 'Lag', number: true, text: name => known(groups.get(name), one => count(one.lag))},
    {head: 'Lag in time', number: true, text: name => known(groups.get(name), one => duration(one.lagMs))},
  ]);

  begin() {
    const {flow, ...small} = this.#charts;
    this.append(
        heading('Overview'),
        this.trouble,
        h('dl', {class: 'facts'}, Object.values(this.#facts).map(one => one.element)),
        h('section', {class: 'charts', 'aria-label': 'Live charts'},
            h('div', {class: 'panel wide-chart'}, flow),
            Object.values(small).map(one => h('div', {class: 'panel'}, one))),
        h('div', {class: 'glances'}, this.#topics.element, this.#groups.element));
    this.every(() => this.#lookAtTopics(), {source: 'topics'});
    this.every(() => this.#lookAtGroups(), {source: 'groups', everyMs: 2000});
    this.stats({limit: 1000}, stats => this.#take(stats));
  }

  async #lookAtTopics() {
    this.#names = await topicNames();
    this.#facts.topics.set(count(this.#names.length));
    const turn = Array.from({length: Math.min(A_SECOND, this.#names.length)}, (_, i) => this.#names[(this.#next + i) % this.#names.length]);
    this.#next = this.#names.length ? (this.#next + turn.length) % this.#names.length : 0;
    await topics.lookAt(turn, this.signal);
    const busiest = this.#names.filter(name => topics.get(name))
        .sort((a, b) => (topics.get(b).rate ?? 0) - (topics.get(a).rate ?? 0) || topics.get(b).records - topics.get(a).records);
    this.#topics.show(busiest, this.#names.length, () => empty('No topics yet',
        'A topic is a log that is kept: what is published stays, and each reader takes it at its own pace.', {
      command: 'topic create orders --partitions 4',
      actions: [button('Create a topic', () => createTopic(this.levada), {kind: 'primary'})],
    }));
  }

  async #lookAtGroups() {
    const names = await groupNames();
    this.#facts.groups.set(count(names.length));
    await groups.lookAt(names.slice(0, A_SECOND), this.signal);
    const furthest = names.filter(name => groups.get(name)).sort((a, b) => groups.get(b).lag - groups.get(a).lag);
    this.#groups.show(furthest, names.length, () => empty('No groups yet',
        'A group reads a topic together: each partition has one owner, and each record is taken once.', {
      command: 'consume orders --group mine',
    }));
  }

  #take(stats) {
    this.#facts.subscriptions.set(count(stats.count));
    this.#facts.connections.set(count(stats.connections));
    this.#facts.lag.set(count(stats.lag));
    this.#charts.memory.add(stats.heapBytes, stats.directBytes);
    this.#charts.inFlight.add(stats.bytesInFlight);
    this.#charts.storage.add(this.#storage.at('bytes', stats.storageReadBytes));
    this.#charts.connections.add(stats.connections, stats.count);
    this.#charts.flow.add(this.#publishedRate(), this.#deliveredRate(stats));
  }

  #publishedRate() {
    const rates = (this.#names ?? []).map(name => topics.get(name)?.rate ?? null).filter(one => one !== null);
    return this.#names && (rates.length || !this.#names.length) ? rates.reduce((a, b) => a + b, 0) : null;
  }

  /** What subscriptions were given since the last look; those of before that are gone took what they took unseen. */
  #deliveredRate(stats) {
    const given = new Map();
    for (const one of stats.subscriptions) {
      const who = [one.connection, one.route, one.topic, one.group, one.member].join(' ');
      given.set(who, (given.get(who) ?? 0) + one.records);
    }
    // Where only some are told, one that was not told before is not one that is new.
    const all = stats.count === stats.subscriptions.length;
    let more = 0;
    given.forEach((records, who) => more += Math.max(0, records - (this.#delivered.get(who) ?? (all ? 0 : records))));
    const elapsed = this.#deliveredAt === null ? null : stats.timestamp - this.#deliveredAt;
    this.#delivered = given;
    this.#deliveredAt = stats.timestamp;
    return elapsed === null || elapsed <= 0 || elapsed > 10e3 ? null : more * 1000 / elapsed;
  }
}

const known = (one, text) => one ? text(one) : '…';

/** A panel with the first few of something, and a way to all of them. */
function glance(name, href, columns) {
  const rows = table({columns, label: name, pageSize: GLANCE});
  const all = link(`All ${name.toLowerCase()}`, href, {class: 'small'});
  const body = h('div', null, h('p', {class: 'soft'}, 'Looking…'));
  let nothing = false;
  return {
    element: h('div', {class: 'panel'}, h('div', {class: 'panel-head'}, h('h2', null, name), all), body),
    show(names, total, otherwise) {
      if (total === 0 && !nothing) {
        body.replaceChildren(otherwise());
      } else if (total > 0 && rows.parentNode !== body) {
        body.replaceChildren(rows);
      }
      nothing = total === 0;
      rows.rows = names.slice(0, GLANCE);
      all.textContent = total > GLANCE ? `All ${count(total)} ${name.toLowerCase()}` : `All ${name.toLowerCase()}`;
    },
  };
}

customElements.define('levada-overview', Overview);
