/** All topics: found by a part of their name, described while they are looked at. */
import {topicNames, topics} from './catalog.js';
import {bytes, count, h, plural, rate, setText, settled} from './kit.js';
import {button, empty, heading, link, search, to} from './parts.js';
import {cleanup, retention} from './settings.js';
import {table} from './table.js';
import {createTopic} from './topic-forms.js';
import {View} from './view.js';

class Topics extends View {
  #names = [];
  #wanted = '';
  #body = h('div', {class: 'panel'}, h('p', {class: 'soft'}, 'Looking…'));
  #found = h('p', {class: 'soft small', role: 'status'});
  #table = table({
    label: 'Topics',
    columns: [
      {head: 'Topic', header: true, fill: (cell, name) => cell.append(link(name, to('topics', name)))},
      {head: 'Partitions', number: true, wide: true, text: name => known(name, one => count(one.partitions.length))},
      {head: 'Records', number: true, text: name => known(name, one => count(one.records))},
      {head: 'Size', number: true, text: name => known(name, one => bytes(one.bytes))},
      {head: 'Published', number: true, text: name => known(name, one => rate(one.rate))},
      {head: 'Kept', wide: true, text: name => known(name, one => `${retention(one.config)}${cleanup(one.config).compact ? ', compacted' : ''}`)},
    ],
    onlook: () => this.#describe(),
    onpage: page => this.remember({q: this.#wanted, page: page ? page + 1 : null}),
  });

  begin() {
    this.#wanted = this.place.query.get('q') ?? '';
    this.#table.page = Number(this.place.query.get('page') ?? 1) - 1;
    const find = search('Search topics', this.#wanted, settled(text => {
      this.#wanted = text;
      this.#table.page = 0;
      this.remember({q: text});
      this.#show();
    }));
    this.append(
        heading('Topics', {actions: [button('Create a topic', () => createTopic(this.levada), {kind: 'primary'})]}),
        this.trouble,
        h('div', {class: 'toolbar'}, find, this.#found),
        this.#body);
    this.every(async () => {
      this.#names = await topicNames();
      this.#show();
      await this.#describe();
    });
  }

  #show() {
    const wanted = this.#wanted.trim().toLowerCase();
    const names = wanted ? this.#names.filter(name => name.toLowerCase().includes(wanted)) : this.#names;
    if (!this.#names.length) {
      this.#swap('none', () => empty('No topics yet', 'A topic is a log that is kept: what is published stays, and each reader takes it at its own pace.', {
        command: 'topic create orders --partitions 4',
        actions: [button('Create a topic', () => createTopic(this.levada), {kind: 'primary'})],
      }));
    } else if (!names.length) {
      this.#swap('unfound', () => empty('No topic is called that', 'Search for a part of the name.', {
        actions: [link('Show all', '#/topics', {class: 'button'})],
      }));
    } else {
      this.#swap('table', () => this.#table);
      this.#table.rows = names;
    }
    setText(this.#found, wanted ? `${plural(names.length, 'topic')} of ${count(this.#names.length)}` : plural(names.length, 'topic'));
  }

  #swap(what, content) {
    if (this.#body.dataset.what !== what) {
      this.#body.dataset.what = what;
      this.#body.replaceChildren(content());
    }
  }

  async #describe() {
    await topics.lookAt(this.#table.visible, this.signal);
    if (!this.signal.aborted) {
      this.#table.refresh();
    }
  }
}

function known(name, text) {
  const one = topics.get(name);
  return one ? text(one) : '…';
}

customElements.define('levada-topics', Topics);
