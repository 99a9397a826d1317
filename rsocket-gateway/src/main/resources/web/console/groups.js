/** All groups: found by a part of their name, described while they are looked at. */
import {groupNames, groups} from './catalog.js';
import {count, duration, h, plural, setText, settled} from './kit.js';
import {empty, heading, link, search, to} from './parts.js';
import {table} from './table.js';
import {View} from './view.js';

class Groups extends View {
  #names = [];
  #wanted = '';
  #body = h('div', {class: 'panel'}, h('p', {class: 'soft'}, 'Looking…'));
  #found = h('p', {class: 'soft small', role: 'status'});
  #table = table({
    label: 'Groups',
    columns: [
      {head: 'Group', header: true, fill: (cell, name) => cell.append(link(name, to('groups', name)))},
      {head: 'State', sign: name => groups.get(name)?.state, fill: (cell, name) => cell.append(known(name, one => stateTag(one.state)))},
      {head: 'Members', number: true, wide: true, text: name => known(name, one => count(one.members.length))},
      {head: 'Lag', number: true, text: name => known(name, one => count(one.lag))},
      {head: 'Lag in time', number: true, text: name => known(name, one => duration(one.lagMs))},
      {head: 'Topics', wide: true, text: name => known(name, one => few(one.topics))},
    ],
    onlook: () => this.#describe(),
    onpage: page => this.remember({q: this.#wanted, page: page ? page + 1 : null}),
  });

  begin() {
    this.#wanted = this.place.query.get('q') ?? '';
    this.#table.page = Number(this.place.query.get('page') ?? 1) - 1;
    const find = search('Search groups', this.#wanted, settled(text => {
      this.#wanted = text;
      this.#table.page = 0;
      this.remember({q: text});
      this.#show();
    }));
    this.append(
        heading('Groups', {lead: 'A group reads topics together: each partition has one owner, and the group keeps its place.'}),
        this.trouble,
        h('div', {class: 'toolbar'}, find, this.#found),
        this.#body);
    this.every(async () => {
      this.#names = await groupNames();
      this.#show();
      await this.#describe();
    });
  }

  #show() {
    const wanted = this.#wanted.trim().toLowerCase();
    const names = wanted ? this.#names.filter(name => name.toLowerCase().includes(wanted)) : this.#names;
    if (!this.#names.length) {
      this.#swap('none', () => empty('No groups yet', 'A group is there from when its first member joins.', {
        command: 'consume orders --group mine', actions: [link('See the topics', '#/topics', {class: 'button'})],
      }));
    } else if (!names.length) {
      this.#swap('unfound', () => empty('No group is called that', 'Search for a part of the name.', {
        actions: [link('Show all', '#/groups', {class: 'button'})],
      }));
    } else {
      this.#swap('table', () => this.#table);
      this.#table.rows = names;
    }
    setText(this.#found, wanted ? `${plural(names.length, 'group')} of ${count(this.#names.length)}` : plural(names.length, 'group'));
  }

  #swap(what, content) {
    if (this.#body.dataset.what !== what) {
      this.#body.dataset.what = what;
      this.#body.replaceChildren(content());
    }
  }

  async #describe() {
    await groups.lookAt(this.#table.visible, this.signal);
    if (!this.signal.aborted) {
      this.#table.refresh();
    }
  }
}

const STATES = {Stable: 'good', Reconciling: 'warn', Empty: ''};

/** A group's state as a label. */
const stateTag = state => h('span', {class: `tag ${STATES[state] ?? ''}`.trim()}, state);

const few = names => names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');

function known(name, text) {
  const one = groups.get(name);
  return one ? text(one) : '…';
}

customElements.define('levada-groups', Groups);
