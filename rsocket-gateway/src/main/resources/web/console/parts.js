/** Small parts of pages: headings, notices, empty places, commands to copy, labels of fields. */
import {freshId, h} from './kit.js';

/** The top of a page: what it is, a line below, and what can be done. */
export function heading(title, {lead, actions = [], above} = {}) {
  return h('header', {class: 'heading'},
      h('div', {class: 'heading-text'},
          above ? h('p', {class: 'small'}, above) : null,
          h('h1', {tabindex: '-1'}, title),
          lead ? h('p', {class: 'soft'}, lead) : null),
      actions.length ? h('div', {class: 'actions'}, actions) : null);
}

/** A button. */
export function button(label, onclick, {kind = '', ...props} = {}) {
  return h('button', {type: 'button', class: kind, onclick, ...props}, label);
}

export function link(label, href, props = {}) {
  return h('a', {href, ...props}, label);
}

/** The address of a view. */
export function to(...path) {
  return `#/${path.map(encodeURIComponent).join('/')}`;
}

/** What went wrong, as one message with its code. */
export function problem(error, ...more) {
  const code = error?.code ?? 'UNEXPECTED';
  return h('div', {class: 'notice bad', role: 'alert'},
      h('strong', {class: 'mono'}, code), ' ', String(error?.message ?? error), more.length ? h('div', {class: 'actions'}, more) : null);
}

/** A place where there is nothing yet: what it is for, and what to do. */
export function empty(title, text, {command, program, actions = []} = {}) {
  return h('div', {class: 'empty'},
      h('h2', null, title),
      h('p', {class: 'soft'}, text),
      command ? shell(command, program) : null,
      actions.length ? h('div', {class: 'actions'}, actions) : null);
}

/** A command for a shell, with a button that copies it. */
export function shell(command, program = 'levada.jar') {
  const line = `java -jar ${program} ${command}${server()}`;
  const copy = button('Copy', async () => {
    try {
      await navigator.clipboard.writeText(line);
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = 'Selected';
    }
    setTimeout(() => copy.textContent = 'Copy', 2000);
  }, {kind: 'quiet'});
  const code = h('code', null, line);
  return h('div', {class: 'shell'}, code, copy);
}

/** The command line looks for its server at the port beside 7880; elsewhere it has to be told. */
function server() {
  const tls = location.protocol === 'https:';
  return location.port === '7880' && !tls ? '' : ` --server ${tls ? 'wss' : 'ws'}://${location.host}/rsocket`;
}

/** A field: its label, what is filled in, and what to know about it. */
export function field(label, input, hint) {
  const id = freshId('field');
  input.id = id;
  const told = hint ? h('p', {class: 'small soft', id: `${id}-hint`}, hint) : null;
  if (told) {
    input.setAttribute('aria-describedby', told.id);
  }
  return h('div', {class: 'field'}, h('label', {for: id}, label), input, told);
}

/** A box to tick, its label behind it. */
export function tick(label, input, hint) {
  const id = freshId('field');
  input.id = id;
  const told = hint ? h('p', {class: 'small soft', id: `${id}-hint`}, hint) : null;
  if (told) {
    input.setAttribute('aria-describedby', told.id);
  }
  return h('div', {class: 'field tick'}, input, h('label', {for: id}, label), told);
}

export function select(options, value, props = {}) {
  const chosen = h('select', props, options.map(([key, label]) => h('option', {value: key}, label)));
  chosen.value = value;
  return chosen;
}

/** One fact: its name above, its value large. Returns the element, whose `value` is to be set. */
export function fact(name, href) {
  const value = h('dd', null, '–');
  const element = h('div', {class: 'fact'}, h('dt', null, href ? link(name, href) : name), value);
  return {element, set: text => value.textContent === text || (value.textContent = text)};
}

/** A field to search with; calls back with what it holds. */
export function search(label, value, changed) {
  return h('input', {
    type: 'search', class: 'search', 'aria-label': label, placeholder: label, autocomplete: 'off', spellcheck: 'false', value,
    oninput: event => changed(event.target.value),
  });
}

/** Something to be told to everybody, also to those who listen; stays for some seconds. */
export function say(...what) {
  const place = document.getElementById('said');
  const dismiss = button('Dismiss', hide, {kind: 'quiet'});
  place.replaceChildren(h('span', null, what), dismiss);
  place.classList.add('said-now');
  clearTimeout(say.timer);
  say.timer = setTimeout(hide, 10e3);
  function hide() {
    if (place.contains(document.activeElement) && document.activeElement !== dismiss) {
      return;
    }
    clearTimeout(say.timer);
    place.classList.remove('said-now');
    place.replaceChildren();
  }
}
