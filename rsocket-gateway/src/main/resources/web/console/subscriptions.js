/** Who reads now: what each subscription asks for, what it holds, how far behind it is, and why it waits. */
import {demand} from './group.js';
import {bytes, count, duration, h, Meter, plural, rate, settled, setText} from './kit.js';
import {empty, heading, link, search, select, to} from './parts.js';
import {table} from './table.js';
import {View} from './view.js';
import {waitsExplained, waitTag, WAITS} from './waits.js';

const MOST = 1000;

class Subscriptions extends View {
  #text;
  #topic;
  #group;
  #waits;
  #last = null;
  #meter = new Meter();
  #found = h('p', {class: 'soft small', role: 'status'});
  #body = h('div', {class: 'panel'}, h('p', {class: 'soft'}, 'Looking…'));
  #table = table({
    label: 'Subscriptions',
    cards: true,
    key: one => one.key,
    columns: [
      {head: 'Reads', header: true, fill: (cell, one) => cell.append(h('div', null, subject(one)), h('div', {class: 'small soft'}, who(one)))},
      {head: 'Just now', class: 'now', sign: one => one.waits, fill: (cell, one) => cell.append(
          h('div', null, waitTag(one.waits)), h('p', {class: 'small soft'}, WAITS[one.waits]?.[1] ?? ''))},
      {head: 'For', number: true, text: one => duration(one.waitsMs)},
      {head: 'Lag', number: true, text: one => count(one.lag)},
      {head: 'Lag in time', number: true, text: one => one.lagMs < 0 ? 'not begun' : duration(one.lagMs)},
      {head: 'Demand', number: true, text: one => demand(one)},
      {head: 'In flight', number: true, text: one => bytes(one.bytesInFlight)},
      {head: 'Received', number: true, text: one => count(one.records)},
      {head: 'Rate', number: true, text: one => rate(one.rate)},
      {head: 'Bytes', number: true, text: one => bytes(one.bytes)},
    ],
  });

  begin() {
    const said = this.place.query;
    this.#text = said.get('q') ?? '';
    this.#topic = said.get('topic');
    this.#group = said.get('group');
    this.#waits = select([['', 'any reason'], ...Object.keys(WAITS).map(reason => [reason, reason])], said.get('waits') ?? '', {
      'aria-label': 'Which wait for', onchange: () => this.#changed(),
    });
    const only = this.#topic ?? this.#group;
    this.append(
        heading('Subscriptions', {lead: 'Each gets what it asks for and no more; whoever waits holds up nobody else. Those furthest behind come first.'}),
        this.trouble,
        h('div', {class: 'toolbar'},
            search('Search subscriptions', this.#text, settled(text => {
              this.#text = text;
              this.#changed();
            })),
            this.#waits, this.#found,
            only ? h('span', null, `Only ${this.#topic ? 'topic' : 'group'} ${only}. `, link('Show all', '#/subscriptions')) : null),
        this.#body,
        waitsExplained());
    this.stats({limit: MOST, ...(this.#topic ? {topic: this.#topic} : {}), ...(this.#group ? {group: this.#group} : {})}, stats => {
      this.#last = stats;
      this.#show();
    });
  }

  #changed() {
    this.#table.page = 0;
    this.remember({q: this.#text, waits: this.#waits.value, topic: this.#topic, group: this.#group});
    this.#show();
  }

  #show() {
    if (!this.#last) {
      return;
    }
    const seen = new Map();
    const now = performance.now();
    const all = this.#last.subscriptions.map(one => {
      const same = [one.connection, one.route, one.topic, one.group, one.member].join(' ');
      seen.set(same, (seen.get(same) ?? 0) + 1);
      const key = `${same} ${seen.get(same)}`;
      return {...one, key, rate: this.#meter.at(key, one.records, now)};
    });
    this.#meter.keep(all.map(one => one.key));
    const wanted = this.#text.trim().toLowerCase();
    const rows = all.filter(one => (!this.#waits.value || one.waits === this.#waits.value)
        && (!wanted || [one.topic, one.group, one.member, one.label, one.connection].join(' ').toLowerCase().includes(wanted)));
    const shown = all.length ? rows.length ? 'table' : 'unfound' : 'none';
    if (this.#body.dataset.what !== shown) {
      this.#body.dataset.what = shown;
      this.#body.replaceChildren({
        table: () => this.#table,
        unfound: () => empty('None is like that now', 'Search for something else, or for any reason.', {
          actions: [link('Show all', '#/subscriptions', {class: 'button'})],
        }),
        none: () => empty('Nobody reads now', 'A subscription is there while somebody reads a topic, or is a member of a group.', {
          command: 'consume orders --group mine', actions: [link('See the topics', '#/topics', {class: 'button'})],
        }),
      }[shown]());
    }
    this.#table.rows = rows;
    setText(this.#found, this.#last.count > all.length
      ? `The ${count(all.length)} furthest behind of ${count(this.#last.count)}` : plural(rows.length, 'subscription'));
  }
}

const subject = one => one.group
  ? [link(one.group, to('groups', one.group)), h('span', {class: 'soft'}, ' group')]
  : [link(one.topic, to('topics', one.topic)), h('span', {class: 'soft'}, ` ${plural(one.partitions, 'partition')}`)];

const who = one => [one.label, one.member ? `${one.member}, ${plural(one.partitions, 'partition')}` : null, one.connection].filter(Boolean).join(' · ');

customElements.define('levada-subscriptions', Subscriptions);
