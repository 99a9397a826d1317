/** A topic's settings: their names, what they mean, and how they are said, which is as on the command line. */
import {bytes, duration} from './kit.js';

const UNITS = {ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3};
const SIZES = {'': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40};

/** Milliseconds of `7d`, `12h`, `forever` (-1); throws what is to be told. */
export function parseTime(text) {
  const said = text.trim().toLowerCase();
  if (said === 'forever' || said === '-1') {
    return -1;
  }
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/.exec(said) ?? fail(`“${text}” is no time; say 12h or 7d (ms s m h d w), or forever`);
  return Math.round(Number(number) * UNITS[unit]);
}

/** Bytes of `10GB`, `64MiB`, `unlimited` (-1); throws what is to be told. */
export function parseSize(text) {
  const said = text.trim();
  if (said.toLowerCase() === 'unlimited' || said === '-1') {
    return -1;
  }
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)$/i.exec(said) ?? fail(`“${text}” is no size; say 64MiB or 10GB, or unlimited`);
  return Math.round(Number(number) * (SIZES[unit.toUpperCase()] ?? fail(`“${unit}” is no unit of size; say 64MiB or 10GB`)));
}

function fail(message) {
  throw Object.assign(new Error(message), {code: 'INVALID_CONFIG'});
}

/** As it can be said again: 7d, 90m, 1500ms. */
function sayTime(ms) {
  if (ms < 0) {
    return 'forever';
  }
  const unit = ['d', 'h', 'm', 's'].find(one => ms >= UNITS[one] && ms % UNITS[one] === 0) ?? 'ms';
  return `${ms / UNITS[unit]}${unit}`;
}

/** As it can be said again: 64MiB, 10GB. */
function saySize(n) {
  if (n < 0) {
    return 'unlimited';
  }
  const unit = ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB', 'kB'].find(one => n >= SIZES[one.toUpperCase()] && n % SIZES[one.toUpperCase()] === 0);
  return unit ? `${n / SIZES[unit.toUpperCase()]}${unit}` : String(n);
}

/** The settings that can be changed, with what holds unless said and how their text becomes the protocol's. */
export const SETTINGS = [
  {name: 'retention.ms', label: 'Retention', otherwise: '604800000', shown: text => sayTime(Number(text)), parse: parseTime,
    hint: 'How long records are kept at least, such as 12h or 7d, or forever.'},
  {name: 'retention.bytes', label: 'Retention by size', otherwise: '-1', shown: text => saySize(Number(text)), parse: parseSize,
    hint: 'How much of each partition is kept at least, such as 10GB, or unlimited.'},
  {name: 'cleanup.policy', label: 'What is cleaned up', otherwise: 'delete', shown: text => text,
    meaning: 'What is cleaned up: what is older than the retention, all but the latest record of each key, or both.',
    options: [['delete', 'delete: what is older than the retention'], ['compact', 'compact: all but the latest record of each key'],
      ['compact,delete', 'both']]},
  {name: 'segment.bytes', label: 'Size of files', otherwise: null, shown: text => saySize(Number(text)), parse: parseSize,
    hint: 'At which a partition begins its next file, 4KiB to 1GiB.', meaning: 'The size at which a partition begins its next file.'},
  {name: 'delete.retention.ms', label: 'Tombstones are kept for', otherwise: '86400000', shown: text => sayTime(Number(text)), parse: parseTime,
    hint: 'When compacted, from when compaction first met them.', meaning: 'For how long compaction keeps a tombstone, from when it first met it.'},
  {name: 'min.cleanable.dirty.ratio', label: 'Compacted when so much is new', otherwise: '0.5', shown: text => text, parse: Number,
    hint: 'A part of the partition’s closed bytes, 0 to 1.', meaning: 'Which part of a partition’s closed bytes has to be new before it is compacted.'},
  {name: 'max.compaction.lag.ms', label: 'Compacted after, at the latest', otherwise: '86400000', shown: text => sayTime(Number(text)), parse: parseTime,
    hint: 'However little is new.', meaning: 'After which time a partition is compacted however little is new.'},
];

/** What holds, as text: what was set, or what holds unless said. */
export function setting(one, config) {
  const value = config[one.name] ?? one.otherwise;
  return value === null ? '' : one.shown(value);
}

export function cleanup(config) {
  const policy = (config['cleanup.policy'] ?? 'delete').split(',').map(part => part.trim());
  return {compact: policy.includes('compact'), deletes: policy.includes('delete')};
}

/** For how long and how much, in a few words. */
export function retention(config) {
  if (!cleanup(config).deletes) {
    return 'for good';
  }
  const ms = Number(config['retention.ms'] ?? 604800000);
  const size = Number(config['retention.bytes'] ?? -1);
  return `${ms < 0 ? 'forever' : duration(ms)}${size < 0 ? '' : `, ${bytes(size)}`}`;
}

export const durability = config => config.durability ?? 'fsync';
