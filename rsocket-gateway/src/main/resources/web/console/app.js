/** The console: connects, shows how the connection stands, and puts the view on the page that the address names. */
import {connect} from '/levada.js';
import {button, heading, link, problem, say} from './parts.js';
import {duration, h, pause, setText} from './kit.js';
import {server} from './view.js';
import './overview.js';
import './topics.js';
import './topic.js';
import './groups.js';
import './group.js';
import './subscriptions.js';
import './connectors.js';
import './connector.js';

const VIEWS = {
  '': ['levada-overview', 'Overview'],
  topics: ['levada-topics', 'Topics', 'levada-topic'],
  groups: ['levada-groups', 'Groups', 'levada-group'],
  subscriptions: ['levada-subscriptions', 'Subscriptions'],
  connectors: ['levada-connectors', 'Connectors', 'levada-connector'],
};

const main = document.getElementById('main');
const state = document.getElementById('state');
const banner = document.getElementById('banner');
let since = Date.now();

/** What the hash says: `#/topics/NAME/records?from=…` */
function place() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [kind, ...rest] = path.split('/').filter(Boolean).map(decode);
  return {kind: kind ?? '', path: rest, query: new URLSearchParams(query)};
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function route(event) {
  const {kind, path, query} = place();
  const [all, label, one] = VIEWS[kind] ?? [];
  document.querySelectorAll('#views a').forEach(a => {
    const current = a.hash === `#/${kind}`;
    current ? a.setAttribute('aria-current', path.length ? 'true' : 'page') : a.removeAttribute('aria-current');
  });
  document.title = [path[0], label ?? 'Not found', 'Levada'].filter(Boolean).join(' · ');
  if (!all || (path.length && !one)) {
    main.replaceChildren(heading('There is nothing here', {
      lead: `The console has no page ${location.hash}.`, actions: [link('Overview', '#/', {class: 'button primary'})],
    }));
  } else {
    const view = document.createElement(path.length ? one : all);
    view.place = {path, query};
    main.replaceChildren(view);
  }
  if (event) {
    scrollTo(0, 0);
    main.querySelector('h1')?.focus({preventScroll: true});
  }
}

function tell(word, text) {
  state.dataset.state = word;
  setText(state.querySelector('span'), text);
}

function connected(levada) {
  server.levada = levada;
  levada.addEventListener('state', ({detail}) => stands(detail));
  stands({state: levada.state});
  addEventListener('hashchange', route);
  route();
}

/** The connection's state, and while it is broken since when, and what can be done: said once, not for each attempt. */
function stands({state: word, error}) {
  if (word === 'waiting' && banner.firstChild) {
    return;
  }
  since = Date.now();
  if (word === 'open') {
    tell('open', 'Connected');
    if (banner.firstChild) {
      banner.replaceChildren();
      say('Connected again.');
    }
    return;
  }
  tell(word, word === 'closed' ? 'Closed' : 'Trying again');
  banner.replaceChildren(h('div', {class: 'notice warn'},
      h('p', null, h('strong', {class: 'mono'}, error?.code ?? 'CONNECTION_LOST'), ' ', error?.message ?? 'the connection to the server is lost'),
      h('p', {class: 'small'}, `What you see is as it was at ${new Date().toLocaleTimeString('en-GB')}. `, word === 'closed'
        ? link('Load the console again', location.href, {onclick: () => location.reload()})
        : 'The console tries again by itself, every ten seconds at least, and goes on where it was.')));
}

async function begin() {
  main.replaceChildren(h('p', {class: 'soft'}, 'Connecting…'));
  for (let waitMs = 1000; ; waitMs = Math.min(10e3, waitMs * 2)) {
    tell('waiting', 'Connecting');
    try {
      connected(await connect());
      return;
    } catch (error) {
      await tryAgain(error, waitMs);
    }
  }
}

/** Says why there is no connection, counts down, and goes on when it is time, or when somebody says so. */
async function tryAgain(error, waitMs) {
  const now = new AbortController();
  const left = h('p', {class: 'soft'});
  main.replaceChildren(
      heading('The server does not answer'),
      problem(error),
      h('p', null, 'Is it running? In a shell:'),
      h('div', {class: 'shell'}, h('code', null, 'java -jar levada.jar serve')),
      left,
      h('div', {class: 'actions'}, button('Try now', () => now.abort(), {kind: 'primary'})));
  for (const until = Date.now() + waitMs; Date.now() < until && !now.signal.aborted; await pause(250, now.signal)) {
    setText(left, `Trying again in ${Math.ceil((until - Date.now()) / 1000)} s`);
    tell('waiting', left.textContent);
  }
}

document.querySelector('.skip-link').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});

setInterval(() => {
  if (!document.hidden && server.levada && server.levada.state === 'waiting') {
    tell('waiting', `Trying again, for ${duration(Math.floor((Date.now() - since) / 1000) * 1000)}`);
  }
}, 1000);

addEventListener('unhandledrejection', ({reason}) => {
  if (reason?.code) {
    say(h('strong', {class: 'mono'}, reason.code), ' ', reason.message);
  }
});

begin();
