/** This window as a member of a group, and how the group shares the partitions. */
import {connect} from '/levada.js';
import {count, list, plural, setText} from './format.js';
import {pause} from './gate.js';
import {WINDOW} from './reader.js';

const GROUP = 'demo';

export class Sharing {
  /** @type {import('/levada.js').Levada | undefined} */
  levada;
  /** Records that this window was given, by partition. */
  #received = new Map();
  #member;
  #members = [];
  #tiles = new Map();
  #problem = null;
  #list = document.getElementById('partitions');
  #says = document.getElementById('group-says');

  constructor() {
    document.getElementById('second').addEventListener('click', event => {
      if (window.open('/demo', '_blank', 'popup,width=800,height=1000')) {
        event.preventDefault();
      }
    });
  }

  /** Takes part from now on. @param {import('/levada.js').Levada} control */
  async run(topic, control) {
    this.#watch(control);
    for (;;) {
      try {
        this.levada ??= await connect();
        await fromNow(this.levada, topic);
        this.#member = this.levada.group(GROUP).subscribe([topic], {from: 'latest', name: `window-${WINDOW}`});
        this.#problem = null;
        for await (const assignment of this.#member) {
          this.#take(assignment);
        }
      } catch (error) {
        this.#problem = error.message;
        if (this.levada?.state === 'closed') {
          this.levada = undefined;
        }
      }
      await pause(1_000);
    }
  }

  async #take(assignment) {
    const {partition} = assignment;
    try {
      for await (const batch of assignment.batches()) {
        this.#received.set(partition, (this.#received.get(partition) ?? 0) + batch.count);
        assignment.ack(batch);
      }
    } catch {
      // it has another owner now, who goes on behind what was committed
    }
  }

  async #watch(control) {
    for (;;) {
      try {
        this.#members = (await control.groups.describe(GROUP)).members;
      } catch {
        this.#members = []; // before the first has joined there is no group
      }
      await pause(500);
    }
  }

  /** Draws what changed. @param {{partition: number}[]} partitions */
  draw(partitions) {
    const owner = new Map();
    this.#members.forEach(({member, partitions: owned}, i) => owned.forEach(({partition}) => owner.set(partition, {member, number: i + 1})));
    const mine = [];
    for (const {partition} of partitions) {
      const its = owner.get(partition);
      const isMine = its !== undefined && its.member === this.#member?.id;
      if (isMine) {
        mine.push(partition);
      }
      this.#drawTile(partition, isMine, its);
    }
    setText(this.#says, this.#problem ? `This does not work: ${this.#problem}`
      : !this.#member ? 'It joins once there is a stream.'
      : !this.#member.id ? 'Joining the group…'
      : !mine.length ? `${plural(this.#members.length, 'window')} in the group. This one waits for its share.`
      : `${plural(this.#members.length, 'window')} in the group. This one owns ${
        mine.length === 1 ? 'partition' : 'partitions'} ${list(mine)}.`);
  }

  #drawTile(partition, isMine, its) {
    let tile = this.#tiles.get(partition);
    if (!tile) {
      const item = document.createElement('li');
      const name = document.createElement('strong');
      name.textContent = `Partition ${partition}`;
      tile = {item, owner: document.createElement('span'), records: document.createElement('span')};
      tile.owner.className = 'owner';
      tile.records.className = 'small soft';
      item.append(name, tile.owner, tile.records);
      this.#list.append(item);
      this.#tiles.set(partition, tile);
    }
    const whose = isMine ? 'mine' : its ? 'others' : 'nobodys';
    if (tile.item.className !== whose) {
      tile.item.className = whose;
    }
    setText(tile.owner, isMine ? 'this window' : its ? 'another window' : 'moving');
    setText(tile.records, `${count(this.#received.get(partition) ?? 0)} here`);
  }
}

/** What was published while nobody was in the group is not for this page. */
async function fromNow(levada, topic) {
  try {
    const {members} = await levada.groups.describe(GROUP);
    if (!members.length) {
      await levada.groups.reset({group: GROUP, topic, to: 'latest'});
    }
  } catch {
    // there is no group yet, or somebody is in it already
  }
}
