/** One record as people read it: a line that says what and where, and behind it key, headers and value. */
import {bytes, count, h, localTime} from './kit.js';
import {button, link, to} from './parts.js';

const STRICT = new TextDecoder('utf-8', {fatal: true});
const SHOWN = 64 * 1024;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** What bytes are: `{kind: 'none' | 'json' | 'text' | 'binary', text}`; text of binary is base64. */
function readable(data, pretty = false) {
  if (data === null || data === undefined) {
    return {kind: 'none', text: 'null'};
  }
  let text;
  try {
    text = STRICT.decode(data);
  } catch {
    return {kind: 'binary', text: base64(data)};
  }
  if (CONTROL.test(text)) {
    return {kind: 'binary', text: base64(data)};
  }
  if (pretty && /^\s*[[{]/.test(text)) {
    try {
      JSON.parse(text);
      return {kind: 'json', text: indent(text)};
    } catch {
      // Text that only begins as JSON does.
    }
  }
  return {kind: 'text', text};
}

/** JSON over several lines, its numbers as they were written. */
function indent(json) {
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g)) {
    if (token === '{' || token === '[') {
      depth++;
      out += token + line();
    } else if (token === '}' || token === ']') {
      depth--;
      out = /[[{]\s*$/.test(out) ? out.trimEnd() + token : out + line() + token;
    } else {
      out += token === ',' ? token + line() : token === ':' ? ': ' : token;
    }
  }
  return out;
}

function base64(data) {
  let binary = '';
  for (let at = 0; at < data.length; at += 8192) {
    binary += String.fromCharCode(...data.subarray(at, at + 8192));
  }
  return btoa(binary);
}

/** Something short enough for a line. */
function excerpt(data, length) {
  if (data === null || data === undefined) {
    return h('span', {class: 'soft'}, 'null');
  }
  const {kind, text} = readable(data.subarray(0, length * 4).length === data.length ? data : cut(data, length * 4));
  const short = text.length > length ? `${text.slice(0, length)}…` : text;
  return kind === 'binary' ? h('span', {class: 'soft'}, `base64 ${short}`) : text === '' ? h('span', {class: 'soft'}, 'empty') : short;
}

/** The first bytes, not within a character. */
function cut(data, length) {
  let end = length;
  while (end > 0 && (data[end] & 0xc0) === 0x80) {
    end--;
  }
  return data.subarray(0, end);
}

/** A record as an item of a list, to be opened. */
export function recordItem(record) {
  const inside = h('div', {class: 'record-inside'});
  const details = h('details', {class: 'record', ontoggle: () => details.open && !inside.firstChild && inside.append(...insideOf(record))},
      h('summary', null,
          h('span', {class: 'record-place mono'}, `${record.partition}:${record.offset}`),
          h('span', {class: 'record-time small soft'}, localTime(record.timestamp)),
          h('span', {class: 'record-key mono'}, excerpt(record.key, 40)),
          h('span', {class: 'record-value mono'}, excerpt(record.value, 160))),
      inside);
  return h('li', null, details);
}

function insideOf(record) {
  const {key, value} = record;
  return [
    h('dl', {class: 'record-facts'},
        pair('Place', `partition ${record.partition}, offset ${count(record.offset)}`),
        pair('Time', `${localTime(record.timestamp)} (${record.timestamp})`),
        pair('Key', key === null ? 'null' : h('span', null, said(readable(key)), h('span', {class: 'soft small'}, ` ${bytes(key.length)}`)))),
    record.headers.length ? h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Headers'}, h('table', {class: 'record-headers'},
        h('caption', {class: 'small soft'}, 'Headers'),
        h('thead', null, h('tr', null, h('th', {scope: 'col'}, 'Name'), h('th', {scope: 'col'}, 'Value'))),
        h('tbody', null, record.headers.map(header => h('tr', null,
            h('th', {scope: 'row', class: 'mono'}, header.key), h('td', {class: 'mono'}, said(headerText(header.value)))))))) : null,
    whole(value),
    h('div', {class: 'actions'}, link('Link to this record', recordHref(record), {class: 'small'})),
  ].filter(Boolean);
}

const headerText = value => typeof value === 'string' ? {kind: 'text', text: value} : readable(value);
const said = ({kind, text}) => kind === 'binary' ? `base64 ${text}` : text;
const pair = (name, value) => h('div', null, h('dt', null, name), h('dd', {class: 'mono'}, value));

const recordHref = record =>
  `${to('topics', record.topic, 'records')}?from=offset&partition=${record.partition}&at=${record.offset}`;

/** The value, of which the first part is enough at first. */
function whole(value) {
  const {kind, text} = readable(value, true);
  const label = {none: 'Value: null, a tombstone', json: 'Value, JSON', text: 'Value, text', binary: 'Value, base64'}[kind];
  if (kind === 'none') {
    return h('p', {class: 'small soft'}, label);
  }
  const box = h('pre', {tabindex: '0', role: 'region', 'aria-label': label}, text.slice(0, SHOWN));
  const rest = text.length > SHOWN ? button('Show all of it', () => {
    box.textContent = text;
    rest.remove();
  }) : null;
  return h('div', null, h('p', {class: 'small soft'}, `${label}, ${bytes(value.length)}`), box, rest);
}
