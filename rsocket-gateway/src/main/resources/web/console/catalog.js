/** What is known of topics and groups: described when somebody looks at them, a few at once, and kept with their rates. */
import {each, Meter} from './kit.js';
import {server} from './view.js';

const AT_ONCE = 6;

/** Descriptions by name, of topics or of groups. */
class Catalog {
  #known = new Map();
  #describe;
  #digest;

  constructor(describe, digest) {
    this.#describe = describe;
    this.#digest = digest;
  }

  get(name) {
    return this.#known.get(name);
  }

  async look(name) {
    const found = this.#digest(await this.#describe(name));
    this.#known.set(name, found);
    return found;
  }

  /** Describes these; those that are gone meanwhile are forgotten. */
  async lookAt(names, signal) {
    await each(names, async name => {
      try {
        await this.look(name);
      } catch (error) {
        if (!GONE.has(error.code)) {
          throw error;
        }
        this.#known.delete(name);
      }
    }, {atOnce: AT_ONCE, signal});
  }
}

const GONE = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'GROUP_ID_NOT_FOUND']);
const sum = (items, value) => items.reduce((total, item) => total + value(item), 0);

/** Records appended, a second, by topic, and by topic and partition. */
export const published = new Meter();

export const topics = new Catalog(name => server.levada.topics.describe(name), topic => {
  const end = sum(topic.partitions, one => one.end);
  return {
    ...topic,
    records: end - sum(topic.partitions, one => one.start),
    bytes: sum(topic.partitions, one => one.bytes),
    rate: published.at(topic.id, end),
  };
});

export const groups = new Catalog(name => server.levada.groups.describe(name), group => ({
  ...group,
  topics: [...new Set(group.offsets.map(one => one.topic))],
  lag: sum(group.offsets, one => Math.max(0, one.lag)),
  lagMs: Math.max(0, ...group.offsets.map(one => one.lagMs)),
}));

/** The names, as arrays; the protocol's answer has them under their kind. */
export const topicNames = async () => names(await server.levada.topics.list(), 'topics');
export const groupNames = async () => names(await server.levada.groups.list(), 'groups');

function names(answer, kind) {
  return (Array.isArray(answer) ? answer : answer[kind]).sort();
}
