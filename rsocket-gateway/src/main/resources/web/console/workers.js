/** What workers of connectors keep in topics of the log: which connectors there are, and what they and their tasks are doing. */
import {groups} from './catalog.js';
import {count, each, pause, shown} from './kit.js';

/** Of each topic so many keys are kept: workers of one group have slots for half of that. */
const MOST = 20_000;
const MOST_TASKS = 10_000;
const WINDOW = 1000;
const AGAIN_MS = 5000;
const TRACE = 64 * 1024;
/** As workers hide what is named like a secret, unless it only says where the secret is. */
const SECRET = /^.*(password|passphrase|secret|token|credentials|api[._-]?key|jaas\.config)$/i;
const REFERENCE = /^\$\{[^}]+}$/;
const WANTED = {STARTED: 'running', PAUSED: 'paused', STOPPED: 'stopped'};
const STATES = new Set(['RUNNING', 'PAUSED', 'STOPPED', 'RESTARTING', 'UNASSIGNED', 'FAILED']);
const decoder = new TextDecoder();

/** The group whose workers a worker joins unless it is told otherwise. */
export const USUAL = 'connect';

/** The groups of workers whose topics are among these; of the usual one it is enough to see its connectors. */
export function workerGroups(topics) {
  const there = new Set(topics);
  return topics.filter(topic => topic.endsWith('-configs')).map(topic => topic.slice(0, -'-configs'.length))
      .filter(group => group === USUAL || (there.has(`${group}-status`) && there.has(`${group}-work`)));
}

/** Whether this is for want of a permission. */
export const isDenied = error => error?.code === 'TOPIC_AUTHORIZATION_FAILED' || error?.code === 'GROUP_AUTHORIZATION_FAILED';

/** Connectors by name. A record that is none of a worker's leaves what was known as it was. */
class Configs {
  entries = new Map();
  isFull = false;

  take(name, value) {
    if (value === null) {
      this.entries.delete(name);
    } else if (isObject(value.config) && Object.hasOwn(WANTED, value.state) && Array.isArray(value.tasks) && value.tasks.every(isObject)) {
      const config = Object.fromEntries(Object.entries(value.config).filter(([, said]) => typeof said === 'string'));
      put(this, this.entries, name, {config, wanted: WANTED[value.state], tasks: Math.min(value.tasks.length, MOST_TASKS)});
    }
  }
}

/** What was told last of connectors, tasks, and the topics in use; keys are those of Kafka Connect. */
class Statuses {
  units = new Map();
  topics = new Map();
  isFull = false;
  #only;

  constructor(only) {
    this.#only = only;
  }

  take(key, value, timestamp) {
    if (key.startsWith('status-topic-')) {
      this.#takeTopic(key, value);
    } else if (value === null || value.state === 'DESTROYED') {
      this.units.delete(key);
    } else if (key === keyOf(value) && STATES.has(value.state) && this.#keeps(value.connector)) {
      const trace = this.#only && typeof value.trace === 'string' ? value.trace.slice(0, TRACE) : '';
      put(this, this.units, key, {state: value.state, worker: typeof value.worker_id === 'string' ? value.worker_id : '', trace, timestamp});
    }
  }

  #takeTopic(key, value) {
    const colon = key.indexOf(':connector-');
    const connector = key.slice(colon + ':connector-'.length);
    if (colon < 0 || !this.#keeps(connector)) {
      return;
    }
    const topic = key.slice('status-topic-'.length, colon);
    if (value === null) {
      this.topics.get(connector)?.delete(topic);
    } else if (value.topic === topic && value.connector === connector) {
      if (!this.topics.has(connector)) {
        put(this, this.topics, connector, new Set());
      }
      const used = this.topics.get(connector);
      if (used) {
        put(this, used, topic, topic);
      }
    }
  }

  #keeps(connector) {
    return !this.#only || connector === this.#only;
  }
}

const keyOf = ({connector, task}) => task === undefined ? `status-connector-${connector}` : `status-task-${connector}-${task}`;
const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Puts into a map, or set, that has room. */
function put(table, into, key, value) {
  if (into.size >= MOST && !into.has(key)) {
    table.isFull = true;
  } else if (into instanceof Set) {
    into.add(key);
  } else {
    into.set(key, value);
  }
}

/** A record as a worker writes it: `[key, object or null]`; undefined when it is another. */
function understood(record) {
  if (record.key === null) {
    return undefined;
  }
  try {
    const value = record.value === null ? null : JSON.parse(decoder.decode(record.value));
    return value === null && record.value !== null || value !== null && !isObject(value) ? undefined : [decoder.decode(record.key), value];
  } catch {
    return undefined;
  }
}

/** The connectors of one group of workers, as its topics tell. */
export class Workers {
  #only;
  #configs = null;
  #statuses = null;

  /** @param only the one connector that is looked at; of this one traces are kept too */
  constructor(group, only = null) {
    this.group = group;
    this.#only = only;
  }

  /** Whether both topics were read to their ends. */
  get isRead() {
    return this.#configs !== null && this.#statuses !== null;
  }

  /** Whether there is more than is kept here. */
  get isFull() {
    return Boolean(this.#configs?.isFull || this.#statuses?.isFull);
  }

  /** All of them, by name. */
  all() {
    return [...this.#configs.entries.keys()].sort().map(name => this.get(name));
  }

  /** One of them: what it is to be, what was told of it, and of each of the tasks that it has; undefined when there is none. */
  get(name) {
    const entry = this.#configs.entries.get(name);
    const told = key => this.#statuses.units.get(key) ?? null;
    return entry && {
      ...entry, name, group: this.group, kind: kind(entry.config), told: told(`status-connector-${name}`),
      tasks: Array.from({length: entry.tasks}, (_, task) => told(`status-task-${name}-${task}`)),
      topics: [...this.#statuses.topics.get(name) ?? []].sort(),
    };
  }

  /**
   * Reads both topics and follows them until the signal aborts, a window of records at a time, and none while nobody looks.
   * `changed` is called when there is something new, `failed` with a topic and its error, or null once it is read.
   */
  follow(levada, {signal, changed, failed}) {
    const ways = {levada, signal, changed, failed};
    this.#follow('configs', () => new Configs(), table => this.#configs = table, ways);
    this.#follow('status', () => new Statuses(this.#only), table => this.#statuses = table, ways);
  }

  /** What was read before stays until as much is read anew. */
  async #follow(kind, make, put, {levada, signal, changed, failed}) {
    const topic = levada.topic(`${this.group}-${kind}`);
    while (!signal.aborted) {
      try {
        const table = make();
        const before = await take(topic, table, {from: 'earliest', to: 'now', signal}, () => {});
        if (signal.aborted) {
          return;
        }
        put(table);
        changed();
        failed(topic.name, null);
        await take(topic, table, {from: before, signal}, changed);
      } catch (error) {
        if (!signal.aborted) {
          failed(topic.name, error);
          changed();
        }
      }
      await pause(AGAIN_MS, signal);
      await shown(signal);
    }
  }
}

/** Takes records into a table; gives the place behind them. */
async function take(topic, table, options, changed) {
  const reading = topic.read({window: WINDOW, label: 'console, connectors', onGap: () => {}, ...options});
  let place = 'earliest';
  for await (const record of reading) {
    const found = understood(record);
    if (found) {
      table.take(...found, record.timestamp);
      changed();
    }
    place = null;
  }
  return place ?? reading.token;
}

/** Its class says it, or else that it reads topics. */
function kind(config) {
  const [, said] = /(Sink|Source)/.exec(shortClass(config)) ?? [];
  return said?.toLowerCase() ?? (Object.hasOwn(config, 'topics') || Object.hasOwn(config, 'topics.regex') ? 'sink' : 'source');
}

/** Its class without the package. */
export const shortClass = config => (config['connector.class'] ?? '').split('.').at(-1);

/** What may be shown of a configuration, by name. */
export const masked = config => Object.entries(config).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, value]) => ({name, value: SECRET.test(name) && !REFERENCE.test(value) ? '[hidden]' : value}));

/** The topics that a connector uses, as was told, or as it is to read. */
export function topicsOf({config, topics}) {
  const wanted = (config.topics ?? '').split(',').map(topic => topic.trim()).filter(Boolean);
  return topics.length ? topics : [...new Set(wanted)].slice(0, MOST);
}

/** The group that a sink's tasks are members of. */
export const sinkGroup = ({name, config}) => config['consumer.override.group.id'] ?? `connect-${config.name ?? name}`;

/** The lag of sinks, which is their groups'. */
export class Lags {
  #looked = new Set();
  #denied = new Set();

  /** Looks at the groups of those that are sinks. */
  async look(connectors, signal) {
    const names = new Set(connectors.filter(one => one.kind === 'sink').map(sinkGroup).filter(name => !this.#denied.has(name)));
    await each(names, async name => {
      try {
        await groups.lookAt([name], signal);
      } catch (error) {
        if (!isDenied(error)) {
          throw error;
        }
        this.#denied.add(name);
      }
      this.#looked.add(name);
    }, {signal});
  }

  /** As text. */
  of(connector) {
    const name = sinkGroup(connector);
    if (connector.kind !== 'sink') {
      return '–';
    } else if (this.#denied.has(name)) {
      return 'not permitted';
    }
    return groups.get(name) ? count(groups.get(name).lag) : this.#looked.has(name) ? 'not begun' : '…';
  }
}
