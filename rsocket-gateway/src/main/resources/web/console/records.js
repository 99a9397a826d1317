/** Browses the records of a topic: the newest first, or from a place on; more only when they are asked for. */
import {each, h, localTime, plural} from './kit.js';
import {button, empty, field, problem, select, to} from './parts.js';
import {publishTo} from './topic-forms.js';
import {recordItem} from './record.js';
import {View} from './view.js';

const PAGE = 50;
const LABEL = 'console, records';
const PLACES = [['newest', 'the newest'], ['earliest', 'the earliest'], ['offset', 'an offset'], ['time', 'a time']];

class Records extends View {
  topic = null;
  #from;
  #offset;
  #time;
  #partition;
  #at;
  #when;
  #list = h('ol', {class: 'records', 'aria-label': 'Records'});
  #told = h('p', {class: 'soft small', role: 'status'});
  #more = button('Load more', () => this.#load());
  #after = h('div', {class: 'stack'});
  #busy = false;
  #source = null;
  #shown = 0;
  #round = 0;

  begin() {
    const said = this.place.query;
    this.#from = select(PLACES, PLACES.some(([key]) => key === said.get('from')) ? said.get('from') : 'newest', {onchange: () => this.#fit()});
    this.#offset = h('input', {type: 'number', min: 0, inputmode: 'numeric', value: said.get('at') ?? '0'});
    this.#time = h('input', {type: 'datetime-local', step: 1, value: said.get('time') ?? localTime(Date.now() - 3600e3).slice(0, 19).replace(' ', 'T')});
    this.#partition = select([['', 'all'], ...this.topic.partitions.map(one => [String(one.partition), String(one.partition)])], said.get('partition') ?? '');
    this.#at = field('Offset', this.#offset);
    this.#when = field('Time', this.#time);
    this.append(
        h('form', {class: 'toolbar', 'aria-label': 'Which records', onsubmit: event => {
          event.preventDefault();
          this.#begin();
        }},
        field('From', this.#from), this.#at, this.#when, field('Partition', this.#partition),
        h('button', {type: 'submit', class: 'primary'}, 'Show')),
        this.trouble,
        h('div', {class: 'panel'}, this.#list, this.#after, h('div', {class: 'records-end'}, this.#more, this.#told)));
    this.#fit();
    this.#begin();
  }

  #fit() {
    this.#at.hidden = this.#from.value !== 'offset';
    this.#when.hidden = this.#from.value !== 'time';
  }

  #begin() {
    const from = this.#from.value;
    const partition = this.#partition.value === '' ? null : Number(this.#partition.value);
    this.remember({from: from === 'newest' ? null : from, partition: this.#partition.value,
      at: from === 'offset' ? this.#offset.value : null, time: from === 'time' ? this.#time.value : null});
    const position = {
      earliest: () => 'earliest', offset: () => `offset:${this.#offset.value || 0}`, time: () => `time:${new Date(this.#time.value).toISOString()}`,
    }[from];
    try {
      this.#source = position ? this.#onwards(position(), partition) : this.#backwards(partition);
    } catch {
      this.#after.replaceChildren(problem({code: 'INVALID', message: 'Say a time.'}));
      return;
    }
    this.#list.replaceChildren();
    this.#shown = 0;
    this.#round++;
    this.#busy = false;
    this.#load();
  }

  async #load() {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    this.#more.disabled = true;
    this.#told.textContent = 'Reading…';
    const round = this.#round;
    try {
      const {records, end} = await this.#source();
      if (round !== this.#round || this.signal.aborted) {
        return;
      }
      this.fail(null, 'read');
      this.#list.append(...records.map(recordItem));
      this.#shown += records.length;
      this.#tell(end);
    } catch (error) {
      if (round === this.#round && !this.signal.aborted) {
        this.fail(error, 'read');
        this.#told.textContent = '';
      }
    } finally {
      if (round === this.#round) {
        this.#busy = false;
        this.#more.disabled = false;
      }
    }
  }

  /** @param end what there is no more of, or null when there may be more */
  #tell(end) {
    this.#more.textContent = end === 'oldest' ? 'Look for newer' : end ? 'Look for more' : this.#from.value === 'newest' ? 'Load older' : 'Load more';
    this.#more.onclick = null;
    this.#more.hidden = this.#shown === 0;
    if (end === 'oldest') {
      this.#more.hidden = true;
    }
    this.#told.textContent = this.#shown === 0 ? '' : `${plural(this.#shown, 'record')}${end ? ', which is all there is there now' : ''}`;
    this.#after.replaceChildren(...this.#shown ? [] : [empty('No records here', 'Nothing was published there, or it is older than what is kept.', {
      command: `publish ${this.topic.name} --file FILE`,
      actions: [button('Publish a record', () => publishTo(this.levada, this.topic)), button('Look again', () => this.#begin())],
    })]);
  }

  /** Pages that ascend: each is a reading of its own, which begins behind what was taken. */
  #onwards(from, partition) {
    let position = from;
    return async () => {
      const reading = this.levada.topic(this.topic.name).read({from: position, to: 'now', window: PAGE, label: LABEL, signal: this.signal,
        ...(partition === null ? {} : {partition}), onGap: () => {}});
      const records = [];
      for await (const record of reading) {
        records.push(record);
        if (records.length === PAGE) {
          break;
        }
      }
      position = reading.token ?? position;
      return {records, end: records.length < PAGE ? 'now' : null};
    };
  }

  /** Pages that descend: of each partition the last few, then those before them. */
  #backwards(partition) {
    let cursors = null;
    return async () => {
      if (!cursors) {
        const topic = await this.levada.topics.describe(this.topic.name);
        cursors = topic.partitions.filter(one => partition === null || one.partition === partition)
            .map(one => ({partition: one.partition, start: one.start, before: one.durable}));
      }
      const found = [];
      while (found.length < PAGE && cursors.some(one => one.before > one.start) && !this.signal.aborted) {
        const open = cursors.filter(one => one.before > one.start).sort((a, b) => b.before - a.before).slice(0, PAGE);
        const share = Math.ceil((PAGE - found.length) / open.length);
        await each(open, async cursor => {
          const from = Math.max(cursor.start, cursor.before - share);
          const reading = this.levada.topic(this.topic.name).read({partition: cursor.partition, from: `offset:${from}`,
            to: `offset:${cursor.before}`, window: PAGE, label: LABEL, signal: this.signal, onGap: () => {}});
          for await (const record of reading) {
            found.push(record);
          }
          cursor.before = from;
        }, {atOnce: 8, signal: this.signal});
      }
      found.sort((a, b) => b.timestamp - a.timestamp || a.partition - b.partition || b.offset - a.offset);
      return {records: found, end: cursors.some(one => one.before > one.start) ? null : 'oldest'};
    };
  }
}

customElements.define('levada-records', Records);
