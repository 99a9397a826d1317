/** A table in pages: however many rows there are, the page holds those of one, and tells which ones are looked at. */
import {count, h, setText} from './kit.js';
import {button} from './parts.js';

/**
 * `<levada-table>`: set `columns`, `label` and `key` before it is added, then `rows` as often as wanted.
 *
 * A column is `{head, text: row => string, number?, wide?, header?}`, or `fill: (cell, row) => void` in place of `text`, which
 * is called again when `sign(row)` changes; `wide` columns are left out on phones, the `header` column names its row.
 * With `cards`, rows become cards on phones; the roles are said since a table that is laid out as something else loses them.
 * `onlook(rows)` is called with the rows of the page whenever these are others.
 */
class PagedTable extends HTMLElement {
  columns = [];
  label = '';
  key = row => row;
  cards = false;
  pageSize = 50;
  page = 0;
  onlook = () => {};
  onpage = () => {};
  #rows = [];
  #lines = new Map();
  #body = h('tbody', {role: 'rowgroup'});
  #scroll;
  #pager;
  #where = h('span', {class: 'soft'});
  #looked = '';

  connectedCallback() {
    if (this.#scroll) {
      return;
    }
    this.#scroll = h('div', {class: this.cards ? 'scroll cards' : 'scroll', role: 'region', 'aria-label': this.label, tabindex: '0'},
        h('table', {role: 'table'},
            h('caption', {class: 'unseen'}, this.label),
            h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'}, this.columns.map(column =>
              h('th', {scope: 'col', role: 'columnheader', class: classes({...column, class: null})}, column.head)))),
            this.#body));
    this.#pager = h('nav', {class: 'pager', 'aria-label': `Pages of ${this.label}`, hidden: true},
        button('Previous', () => this.turn(this.page - 1)),
        this.#where,
        button('Next', () => this.turn(this.page + 1)));
    this.append(this.#scroll, this.#pager);
    this.#paint();
  }

  get rows() {
    return this.#rows;
  }

  set rows(rows) {
    this.#rows = rows;
    this.refresh();
  }

  /** The rows that are looked at. */
  get visible() {
    return this.#rows.slice(this.page * this.pageSize, (this.page + 1) * this.pageSize);
  }

  turn(page) {
    this.page = page;
    this.#paint();
    this.onpage(this.page);
    this.#scroll.scrollTop = 0;
    if (this.#scroll.getBoundingClientRect().top < 0) {
      this.#scroll.scrollIntoView();
    }
  }

  /** Writes what the columns say of the rows that are looked at. */
  refresh() {
    if (this.#scroll) {
      this.#paint();
    }
  }

  #paint() {
    const pages = Math.max(1, Math.ceil(this.#rows.length / this.pageSize));
    this.page = Math.min(Math.max(0, this.page), pages - 1);
    const visible = this.visible;
    const lines = new Map();
    for (const row of visible) {
      const key = String(this.key(row));
      const line = this.#lines.get(key) ?? this.#line();
      this.#write(line, row);
      lines.set(key, line);
    }
    this.#lines = lines;
    const wanted = [...lines.values()].map(line => line.element);
    if (wanted.length !== this.#body.children.length || wanted.some((line, i) => line !== this.#body.children[i])) {
      this.#body.replaceChildren(...wanted);
    }
    const [previous, next] = this.#pager.querySelectorAll('button');
    this.#pager.hidden = pages === 1;
    previous.disabled = this.page === 0;
    next.disabled = this.page === pages - 1;
    const first = this.page * this.pageSize;
    setText(this.#where, `${count(first + 1)}–${count(first + visible.length)} of ${count(this.#rows.length)}`);
    const looked = [...lines.keys()].join('\n');
    if (looked !== this.#looked) {
      this.#looked = looked;
      this.onlook(visible);
    }
  }

  #line() {
    const cells = this.columns.map(column =>
      h(column.header ? 'th' : 'td', {class: classes(column), 'data-head': column.head, ...column.header
        ? {scope: 'row', role: 'rowheader'} : {role: 'cell'}}));
    return {element: h('tr', {role: 'row'}, cells), cells, signs: []};
  }

  #write(line, row) {
    this.columns.forEach((column, i) => {
      if (!column.fill) {
        setText(line.cells[i], column.text(row));
        return;
      }
      const sign = column.sign ? column.sign(row) : String(this.key(row));
      if (line.signs[i] !== sign) {
        line.signs[i] = sign;
        line.cells[i].replaceChildren();
        column.fill(line.cells[i], row);
      }
    });
  }
}

const classes = column => [column.number && 'number', column.wide && 'wide', column.class].filter(Boolean).join(' ') || null;

customElements.define('levada-table', PagedTable);

/** A table with its settings. */
export function table(settings) {
  return Object.assign(document.createElement('levada-table'), settings);
}
