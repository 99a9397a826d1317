/** The live tail of a topic: records as they come, asked for only while nobody has paused. */
import {count, h, pause, plural, setText, settled} from './kit.js';
import {button, field, select} from './parts.js';
import {recordItem} from './record.js';
import {View} from './view.js';

const KEPT = 200;
const AT_ONCE = 50;
const EVERY_MS = 250;

class Tail extends View {
  topic = null;
  #prefix;
  #partition;
  #overflow;
  #list = h('ol', {class: 'records', 'aria-label': 'Records, the latest first'});
  #toggle = button('Pause', () => this.#pauseOrGoOn(), {kind: 'primary'});
  #state = h('p', {class: 'tail-state small soft', role: 'status'});
  #numbers = h('p', {class: 'small soft'});
  #paused = false;
  #going = () => {};
  #reading = null;
  #ended = null;
  #taken = 0;

  begin() {
    const said = this.place.query;
    this.#prefix = h('input', {value: said.get('prefix') ?? '', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off',
      oninput: settled(() => this.#anew(), 400)});
    this.#partition = select([['', 'all'], ...this.topic.partitions.map(one => [String(one.partition), String(one.partition)])], said.get('partition') ?? '',
        {onchange: () => this.#anew()});
    this.#overflow = select([['pause', 'keep every record'], ['latest', 'skip to the latest'], ['conflate', 'skip to the latest of each key']],
        said.get('overflow') ?? 'pause', {onchange: () => this.#open()});
    this.append(
        h('div', {class: 'toolbar'},
            field('Key begins with', this.#prefix), field('Partition', this.#partition), field('When this page falls behind', this.#overflow),
            this.#toggle, button('Clear', () => this.#list.replaceChildren())),
        this.trouble,
        h('div', {class: 'panel'}, h('div', {class: 'tail-head'}, this.#state, this.#numbers), this.#list));
    this.#open();
    this.#count();
  }

  ended() {
    this.#ended?.abort();
    this.#going();
  }

  #pauseOrGoOn() {
    this.#paused = !this.#paused;
    this.#toggle.textContent = this.#paused ? 'Go on' : 'Pause';
    this.#going();
    this.#tell();
  }

  /** For other records than those that are shown. */
  #anew() {
    this.#list.replaceChildren();
    this.#open();
  }

  async #open() {
    this.#ended?.abort();
    const ended = this.#ended = new AbortController();
    const prefix = this.#prefix.value;
    this.remember({prefix, partition: this.#partition.value, overflow: this.#overflow.value === 'pause' ? null : this.#overflow.value});
    const filter = prefix ? {filter: {key: {prefix}}} : {};
    const partition = this.#partition.value ? {partition: Number(this.#partition.value)} : {};
    this.#taken = 0;
    this.#tell();
    try {
      this.#reading = this.levada.topic(this.topic.name).read({from: 'latest', overflow: this.#overflow.value, window: 2 * AT_ONCE,
        hidden: 'pause', label: 'console, live tail', signal: ended.signal, onGap: () => {}, ...filter, ...partition});
      await this.#follow(this.#reading, ended.signal);
    } catch (error) {
      if (!ended.signal.aborted && !this.signal.aborted) {
        this.fail(error, 'tail', button('Begin again', () => {
          this.fail(null, 'tail');
          this.#open();
        }));
      }
    }
  }

  /** Takes so many records at a time, paints, and takes none while it is paused. */
  async #follow(reading, signal) {
    let fresh = [];
    let paintAt = 0;
    let painting = null;
    for await (const record of reading) {
      if (signal.aborted) {
        return;
      }
      fresh.unshift(record);
      this.#taken++;
      const paint = () => {
        this.#paint(fresh);
        fresh = [];
        painting = null;
        paintAt = performance.now();
      };
      if (fresh.length >= AT_ONCE) {
        clearTimeout(painting);
        await pause(Math.max(0, paintAt + EVERY_MS - performance.now()), signal);
        paint();
      } else {
        painting ??= setTimeout(paint, 60);
      }
      while (this.#paused && !signal.aborted) {
        await new Promise(resolve => this.#going = resolve);
      }
    }
  }

  #paint(records) {
    this.#list.prepend(...records.map(recordItem));
    while (this.#list.children.length > KEPT) {
      this.#list.lastElementChild.remove();
    }
  }

  async #count() {
    while (!this.signal.aborted) {
      this.#tell();
      await pause(500, this.signal);
    }
  }

  #tell() {
    setText(this.#state, this.#paused ? 'Paused: nothing more is asked for.'
      : this.#list.children.length ? 'Live.' : 'Live. Nothing has come yet: records show here as they are published.');
    const {held = 0, demand = 0} = this.#reading ?? {};
    setText(this.#numbers, `${plural(this.#taken, 'record')} taken, ${count(held)} here and waiting, ${count(demand)} permitted`);
  }
}

customElements.define('levada-tail', Tail);
