/** One group: who owns what, how far behind it is, and its place in each partition. */
import {groups} from './catalog.js';
import {chart} from './chart.js';
import {confirmByName, openDialog} from './dialog.js';

import {bytes, count, duration, h, localTime, plural, setText, short} from './kit.js';
import {button, empty, fact, field, heading, link, say, select, to} from './parts.js';
import {table} from './table.js';
import {View} from './view.js';
import {waitTag, WAITS} from './waits.js';

class Group extends View {
  #lag;
  #lagMs;
  #group = null;
  #actions = [];
  #waits = new Map();
  #facts = {
    state: fact('State'), members: fact('Members'), lag: fact('Lag'), lagMs: fact('Lag in time'), generation: fact('Generation'),
  };
  #members = table({
    label: 'Members',
    cards: true,
    key: one => one.member,
    columns: [
      {head: 'Member', header: true, class: 'mono', text: one => one.member},
      {head: 'Owns', sign: one => JSON.stringify([one.partitions, one.idle]), fill: (cell, one) => this.#owns(cell, one)},
      {head: 'Just now', sign: one => this.#waits.get(one.member)?.waits ?? '', fill: (cell, one) => this.#now(cell, one)},
      {head: 'Demand', number: true, text: one => demand(this.#waits.get(one.member))},
      {head: 'In flight', number: true, text: one => this.#waits.has(one.member) ? bytes(this.#waits.get(one.member).bytesInFlight) : '–'},
    ],
  });
  #offsets = table({
    label: 'Place in each partition',
    key: one => `${one.topic} ${one.partition}`,
    pageSize: 100,
    columns: [
      {head: 'Topic', header: true, fill: (cell, one) => cell.append(link(one.topic, to('topics', one.topic)))},
      {head: 'Partition', number: true, text: one => String(one.partition)},
      {head: 'Committed', number: true, text: one => one.committed < 0 ? 'nothing yet' : count(one.committed)},
      {head: 'End', number: true, text: one => count(one.end)},
      {head: 'Lag', number: true, text: one => count(one.lag)},
      {head: 'Lag in time', number: true, text: one => one.lagMs < 0 ? 'not known' : duration(one.lagMs)},
      {head: 'Owner', class: 'mono', text: one => this.#owners.get(`${one.topic} ${one.partition}`) ?? '–'},
      {head: 'Said with the commit', class: 'mono clip', text: one => one.metadata ?? ''},
    ],
  });
  #owners = new Map();
  #memberBox = h('div');
  #memberHead = h('h2', null, 'Members');

  begin() {
    const [name] = this.place.path;
    this.#lag = chart(`lag ${name}`, {label: 'Lag in records', format: n => short(n), series: [{label: 'records', colour: 1}]});
    this.#lagMs = chart(`lagMs ${name}`, {label: 'Lag in time', format: duration, series: [{label: 'time', colour: 2}]});
    const act = (label, work, kind) => {
      this.#actions.push(button(label, work, {kind, disabled: true}));
      return this.#actions.at(-1);
    };
    this.append(
        heading(name, {
          above: link('Groups', '#/groups'),
          actions: [act('Reset', () => this.#reset()), act('Delete', () => this.#delete(), 'danger')],
        }),
        this.trouble,
        h('dl', {class: 'facts'}, Object.values(this.#facts).map(one => one.element)),
        h('section', {class: 'charts two', 'aria-label': 'Live charts'}, h('div', {class: 'panel'}, this.#lag), h('div', {class: 'panel'}, this.#lagMs)),
        h('div', {class: 'panel'},
            h('div', {class: 'panel-head'}, this.#memberHead,
                link('Their subscriptions', `#/subscriptions?group=${encodeURIComponent(name)}`, {class: 'small'})),
            this.#memberBox),
        h('div', {class: 'panel'}, h('div', {class: 'panel-head'}, h('h2', null, 'Its place in each partition')), this.#offsets));
    this.every(() => this.#look(), {away: [link('All groups', '#/groups', {class: 'button'})]});
    this.stats({group: name, limit: 1000}, stats => {
      this.#waits = new Map(stats.subscriptions.map(one => [one.member, one]));
      this.#members.refresh();
    });
  }

  async #look() {
    const group = await groups.look(this.place.path[0]);
    if (this.signal.aborted) {
      return;
    }
    this.#group = group;
    this.#actions.forEach(action => action.disabled = false);
    this.#facts.state.set(group.state);
    this.#facts.members.set(count(group.members.length));
    this.#facts.lag.set(count(group.lag));
    this.#facts.lagMs.set(duration(group.lagMs));
    this.#facts.generation.set(count(group.generation));
    this.#lag.add(group.lag);
    this.#lagMs.add(group.lagMs);
    this.#owners = new Map(group.members.flatMap(one => one.partitions.map(owned => [`${owned.topic} ${owned.partition}`, one.member])));
    setText(this.#memberHead, group.members.length ? plural(group.members.length, 'member') : 'Members');
    const what = group.members.length ? 'table' : 'none';
    if (this.#memberBox.dataset.what !== what) {
      this.#memberBox.dataset.what = what;
      this.#memberBox.replaceChildren(what === 'table' ? this.#members : empty('Nobody is in it now',
          'The group keeps its place; whoever joins goes on from there.', {command: `consume ${group.topics[0] ?? 'TOPIC'} --group ${group.group}`}));
    }
    this.#members.rows = group.members;
    this.#offsets.rows = group.offsets;
  }

  #owns(cell, member) {
    if (member.partitions.length) {
      const byTopic = grouped(member.partitions);
      cell.append(...[...byTopic].map(([topic, owned]) => h('div', null, link(topic, to('topics', topic)), ' ', ranges(owned.map(one => one.partition)))));
      return;
    }
    const partitions = this.#group.offsets.length;
    cell.append(h('span', {class: 'tag'}, member.idle ? 'idle' : 'nothing yet'), h('p', {class: 'small soft'}, member.idle
      ? `There are fewer partitions than members: ${plural(partitions, 'partition')}, ${
        plural(this.#group.members.length, 'member')}. It gets one when another leaves.`
      : 'Partitions are being handed over to it.'));
  }

  #now(cell, member) {
    const stands = this.#waits.get(member.member);
    if (stands) {
      cell.append(waitTag(stands.waits), h('p', {class: 'small soft'}, WAITS[stands.waits]?.[1] ?? ''));
    } else {
      cell.append(h('span', {class: 'soft'}, 'not connected here, or not reading yet'));
    }
  }

  #reset() {
    const group = this.#group;
    const topic = select(group.topics.map(one => [one, one]), group.topics[0]);
    const partition = select([], '');
    const partitions = () => {
      const all = group.offsets.filter(one => one.topic === topic.value).map(one => [String(one.partition), String(one.partition)]);
      partition.replaceChildren(...[['', 'all'], ...all].map(([key, label]) => h('option', {value: key}, label)));
    };
    const offset = h('input', {type: 'number', min: 0, value: '0', inputmode: 'numeric'});
    const time = h('input', {type: 'datetime-local', step: 1, value: localTime(Date.now() - 3600e3).slice(0, 19).replace(' ', 'T')});
    const at = field('Offset', offset);
    const when = field('Time', time, 'The first record from then on.');
    const place = select([['earliest', 'the earliest record'], ['latest', 'the end: only what comes from now on'],
      ['offset', 'an offset'], ['time', 'a time']], 'earliest', {onchange: fit});
    topic.addEventListener('change', partitions);
    partitions();
    fit();
    openDialog({
      title: `Reset ${group.group}?`,
      content: [
        h('p', null, 'The group goes on from the place that is said here, and its members with it: '
            + 'what lies between is taken again, or left out.'),
        h('div', {class: 'side-by-side'}, field('Topic', topic), field('Partition', partition)),
        field('To', place), at, when,
      ],
      action: 'Reset group',
      kind: 'danger',
      ready: () => group.topics.length > 0,
      act: async () => {
        const where = {offset: () => `offset:${offset.value || 0}`, time: () => `time:${new Date(time.value).toISOString()}`}[place.value];
        await this.levada.groups.reset({group: group.group, topic: topic.value, to: where ? where() : place.value,
          ...(partition.value === '' ? {} : {partition: Number(partition.value)})});
        say(`Group ${group.group} goes on from its new place in ${topic.value}.`);
      },
    });

    function fit() {
      at.hidden = place.value !== 'offset';
      when.hidden = place.value !== 'time';
    }
  }

  #delete() {
    const {group} = this.#group;
    confirmByName({
      title: `Delete ${group}?`,
      text: 'Its place in every partition is forgotten. A group that has members cannot be deleted.',
      name: group,
      action: 'Delete group',
      act: async () => {
        await this.levada.groups.delete(group);
        location.hash = '#/groups';
        say(`Group ${group} is deleted.`);
      },
    });
  }
}

const UNBOUNDED = 2 ** 53 - 1;

/** Records permitted still. */
export function demand(stands) {
  return !stands ? '–' : stands.demand >= UNBOUNDED ? 'unbounded' : count(stands.demand);
}

function grouped(partitions) {
  const byTopic = new Map();
  partitions.forEach(one => byTopic.set(one.topic, [...byTopic.get(one.topic) ?? [], one]));
  return byTopic;
}

/** 0–3, 7 */
function ranges(numbers) {
  const runs = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[1] === n - 1) {
      last[1] = n;
    } else {
      runs.push([n, n]);
    }
  }
  return runs.map(([from, end]) => from === end ? String(from) : `${from}–${end}`).join(', ');
}

customElements.define('levada-group', Group);
