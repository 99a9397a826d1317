/** The topic that is read: who publishes it, how fast it grows, and publishing it from this page where nobody else does. */
import {bytes, calm, count, setText, Speed} from './format.js';
import {pause} from './gate.js';

export const TOPIC = 'demo';

/** As the demo of the command line creates it: half a gigabyte or a little more, acknowledged once the system has it. */
const SPEC = {
  name: TOPIC,
  partitions: 4,
  config: {durability: 'os', 'retention.bytes': '117440512', 'segment.bytes': '16777216'},
};

const PER_SECOND = 20_000;
/** For so long nothing has to come until nobody publishes. */
const QUIET_MS = 2_500;

export class Stream {
  /** By partition, as topics.describe tells. */
  partitions = [];
  rate = 0;
  #levada;
  #speed = new Speed();
  #worker = null;
  #problem = null;
  #end = 0;
  #movedMs = -Infinity;
  /** When what this page published last has come. */
  #settledMs = -Infinity;
  #known = () => {};
  #parts = Object.fromEntries(['stream-rate', 'stream-end', 'stream-bytes', 'publisher-says', 'publish', 'publish-stop', 'channel']
    .map(id => [id, document.getElementById(id)]));
  /** Fulfilled once the topic is there. */
  there = new Promise(resolve => this.#known = resolve);

  /** @param {import('/levada.js').Levada} levada */
  constructor(levada) {
    this.#levada = levada;
    this.#parts.publish.addEventListener('click', () => this.#publish());
    this.#parts['publish-stop'].addEventListener('click', () => this.#stop());
    this.#watch();
  }

  /** How many offsets the log keeps. */
  get kept() {
    return this.partitions.reduce((sum, {start, end}) => sum + end - start, 0);
  }

  get flows() {
    return performance.now() - this.#movedMs < QUIET_MS;
  }

  async #watch() {
    for (let looks = 0; ; looks++) {
      try {
        await this.#look(looks);
        this.#problem = null;
      } catch (error) {
        this.#problem = error.code === 'UNKNOWN_TOPIC_OR_PARTITION' ? null : error.message;
        this.partitions = [];
        this.#say(true);
      }
      await pause(500);
    }
  }

  async #look(looks) {
    const {partitions} = await this.#levada.topics.describe(TOPIC);
    this.partitions = partitions;
    const end = partitions.reduce((sum, partition) => sum + partition.durable, 0);
    if (end !== this.#end) {
      this.#movedMs = looks && performance.now() > this.#settledMs ? performance.now() : -Infinity;
      this.#end = end;
    }
    this.rate = this.#speed.at(end);
    this.#known();
    this.#say(looks > QUIET_MS / 500);
  }

  #say(sure) {
    const parts = this.#parts;
    const mine = this.#worker !== null;
    setText(parts['stream-rate'], calm(this.rate));
    setText(parts['stream-end'], count(this.#end));
    setText(parts['stream-bytes'], bytes(this.partitions.reduce((sum, partition) => sum + partition.bytes, 0)));
    parts.channel.classList.toggle('dry', !this.flows);
    setText(parts['publisher-says'], this.#problem ? `This does not work: ${this.#problem}`
      : mine ? 'This page publishes, from a worker of its own.'
      : this.flows ? 'The server’s own demo publishes, or another page does.'
      : sure ? 'Nobody publishes the topic “demo” on this server.' : 'Looking for the stream…');
    parts.publish.hidden = mine || this.flows || !sure;
    parts['publish-stop'].hidden = !mine;
  }

  async #publish() {
    this.#parts.publish.disabled = true;
    try {
      await this.#levada.topics.create(SPEC);
    } catch (error) {
      if (error.code !== 'TOPIC_ALREADY_EXISTS') {
        setText(this.#parts['publisher-says'], `This does not work: ${error.message}`);
        return;
      }
    } finally {
      this.#parts.publish.disabled = false;
    }
    const worker = new Worker('/demo/publish-worker.js', {type: 'module', name: 'publisher'});
    this.#worker = worker;
    worker.onmessage = ({data}) => this.#ended(worker, data.error);
    worker.onerror = () => this.#ended(worker, 'the worker did not start');
    worker.postMessage({topic: TOPIC, perSecond: PER_SECOND});
    this.#parts['publish-stop'].hidden = false;
    this.#parts['publish-stop'].focus();
    this.#say(true);
  }

  #ended(worker, error) {
    if (this.#worker === worker) {
      this.#stop();
      this.#problem = error;
    }
  }

  #stop() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#movedMs = -Infinity;
    this.#settledMs = performance.now() + 1_500;
    this.#say(true);
    this.#parts.publish.focus();
  }
}
