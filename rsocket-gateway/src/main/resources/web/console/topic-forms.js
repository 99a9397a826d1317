/** What is done to topics, each in a dialog: created, altered, deleted, published to. */
import {confirmByName, openDialog} from './dialog.js';
import {h, plural} from './kit.js';
import {button, field, link, say, select, tick, to} from './parts.js';
import {durability, parseSize, parseTime, setting, SETTINGS} from './settings.js';

export function createTopic(levada) {
  const name = h('input', {required: true, maxlength: 200, pattern: '[A-Za-z0-9._\\-]+', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off',
    title: '1 to 200 of A-Z a-z 0-9 . _ -'});
  const partitions = h('input', {type: 'number', required: true, min: 1, max: 10000, value: '1', inputmode: 'numeric'});
  const kept = h('input', {required: true, value: '7d', spellcheck: 'false'});
  const size = h('input', {required: true, value: 'unlimited', spellcheck: 'false'});
  const sync = select([['fsync', 'fsync: survives a power cut'], ['os', 'os: survives a kill of the server; faster']], 'fsync');
  const compact = h('input', {type: 'checkbox'});
  openDialog({
    title: 'Create a topic',
    content: [
      field('Name', name, 'Letters, digits, and . _ -'),
      field('Partitions', partitions, 'How many members of a group can share it. More can be added later.'),
      h('div', {class: 'side-by-side'},
          field('Retention', kept, 'Such as 12h or 7d, or forever.'),
          field('Retention by size', size, 'Of each partition: 10GB, or unlimited.')),
      field('A record is acknowledged when it', sync, 'Fixed once the topic exists.'),
      tick('Compact: keep the latest record of each key', compact),
    ],
    action: 'Create topic',
    act: async () => {
      const config = {
        ...changed('retention.ms', parseTime(kept.value), 604800000),
        ...changed('retention.bytes', parseSize(size.value), -1),
        ...changed('durability', sync.value, 'fsync'),
        // Compacted topics keep their latest records for good, unless a limit was asked for, too.
        ...(compact.checked ? {'cleanup.policy': kept.value.trim() === '7d' && size.value.trim() === 'unlimited' ? 'compact' : 'compact,delete'} : {}),
      };
      await levada.topics.create({name: name.value.trim(), partitions: Number(partitions.value), config});
      location.hash = to('topics', name.value.trim());
      say(`Topic ${name.value.trim()} is there, with ${plural(Number(partitions.value), 'partition')}.`);
    },
  });
}

const changed = (name, value, otherwise) => value === otherwise ? {} : {[name]: String(value)};

export function alterTopic(levada, topic, done) {
  const partitions = h('input', {type: 'number', required: true, min: topic.partitions.length, max: 10000,
    value: String(topic.partitions.length), inputmode: 'numeric'});
  const inputs = SETTINGS.map(one => one.options
    ? select(one.options, topic.config[one.name] ?? one.otherwise)
    : h('input', {value: setting(one, topic.config), spellcheck: 'false', placeholder: 'as the server has it'}));
  openDialog({
    title: `Change ${topic.name}`,
    content: [
      field('Partitions', partitions, 'As many as there are, or more: records with a key may go to another partition from then on.'),
      SETTINGS.map((one, i) => field(one.label, inputs[i], one.hint)),
      h('p', {class: 'small soft'}, `Durability is ${durability(topic.config)}, which cannot change.`),
    ],
    action: 'Change topic',
    act: async () => {
      const config = {};
      SETTINGS.forEach((one, i) => {
        const said = inputs[i].value;
        if (said !== (one.options ? topic.config[one.name] ?? one.otherwise : setting(one, topic.config))) {
          config[one.name] = String(one.parse ? one.parse(said) : said);
        }
      });
      const more = Number(partitions.value) > topic.partitions.length ? {partitions: Number(partitions.value)} : {};
      await levada.topics.alter({name: topic.name, config, ...more});
      done();
      say(`Topic ${topic.name} is changed.`);
    },
  });
}

export function deleteTopic(levada, topic) {
  confirmByName({
    title: `Delete ${topic.name}?`,
    text: `Its ${plural(topic.records, 'record')} in ${plural(topic.partitions.length, 'partition')} are gone for good, and those who read it are told.`,
    name: topic.name,
    action: 'Delete topic',
    act: async () => {
      await levada.topics.delete(topic.name);
      location.hash = '#/topics';
      say(`Topic ${topic.name} is deleted.`);
    },
  });
}

export function publishTo(levada, topic) {
  const key = h('input', {spellcheck: 'false', autocomplete: 'off'});
  const value = h('textarea', {spellcheck: 'false', rows: 5, autofocus: true});
  const kind = select([['text', 'text, as it is'], ['base64', 'base64, its bytes'], ['none', 'nothing: a tombstone, which deletes the key']], 'text', {
    onchange: () => value.disabled = kind.value === 'none',
  });
  const partition = select([['', 'by its key'], ...topic.partitions.slice(0, 1000).map(one => [String(one.partition), String(one.partition)])], '');
  const headers = h('div', {class: 'headers'});
  const add = button('Add a header', () => {
    const name = h('input', {'aria-label': 'Name of the header', placeholder: 'name', spellcheck: 'false'});
    const row = h('div', {class: 'header-row'}, name,
        h('input', {'aria-label': 'Value of the header', placeholder: 'value', spellcheck: 'false'}),
        button('Remove', () => {
          row.remove();
          add.focus();
        }, {kind: 'quiet'}));
    headers.append(row);
    name.focus();
  }, {kind: 'quiet'});
  openDialog({
    title: `Publish to ${topic.name}`,
    content: [
      field('Key', key, 'May be left empty: there is none then.'),
      field('Value', value),
      h('div', {class: 'side-by-side'}, field('The value is', kind), field('Partition', partition)),
      h('div', {class: 'field'}, h('h3', null, 'Headers'), headers, h('div', null, add)),
    ],
    action: 'Publish',
    act: async () => {
      const rows = [...headers.children].map(row => [...row.querySelectorAll('input')].map(input => input.value)).filter(([name]) => name);
      const ack = await levada.topic(topic.name).send({
        key: key.value || null,
        value: kind.value === 'none' ? null : kind.value === 'base64' ? fromBase64(value.value) : value.value,
        ...(rows.length ? {headers: Object.fromEntries(rows)} : {}),
        ...(partition.value ? {partition: Number(partition.value)} : {}),
      });
      say(`Stored at offset ${ack.offset} of partition ${ack.partition}. `,
          link('Look at it', `${to('topics', topic.name, 'records')}?from=offset&partition=${ack.partition}&at=${ack.offset}`));
    },
  });
}

function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text.trim()), char => char.charCodeAt(0));
  } catch {
    throw Object.assign(new Error('The value is no base64.'), {code: 'INVALID'});
  }
}
