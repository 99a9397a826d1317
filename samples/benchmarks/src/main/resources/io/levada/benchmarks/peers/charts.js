// Draws what the report holds: bars for rates and costs, lines for curves and for memory over time.
const report = JSON.parse(document.getElementById('report').textContent);
const COLOURS = ['#1b6ca8', '#58a55c', '#d1495b', '#edae49', '#7b5ea7', '#00798c'];
const SIZE = {width: 960, height: 300};

const systems = [...new Set(report.rows.flatMap(row => Object.keys(row.rounds)))];
const colour = system => COLOURS[systems.indexOf(system) % COLOURS.length];

function median(figures) {
  if (!figures?.length) return null;
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function add(parent, name, text) {
  const element = parent.appendChild(document.createElement(name));
  if (text !== undefined) element.textContent = text;
  return element;
}

const written = value => value == null ? '-' : value.toLocaleString('en', {maximumFractionDigits: value < 100 ? 2 : 0});

function chart(title, unit, data, series, options = {}) {
  const charts = document.getElementById('charts');
  add(charts, 'h2', `${title} (${unit})`);
  new uPlot({
    ...SIZE,
    scales: {x: {time: false, range: options.range}, y: {distr: options.logarithmic ? 3 : 1, range: options.logarithmic ? undefined : (u, min, max) => [0, (max || 1) * 1.1]}},
    axes: [options.axis ?? {}, {size: 90, values: (u, ticks) => ticks.map(tick => tick == null ? '' : written(tick))}],
    series: [{label: options.label ?? '', value: options.value}, ...series],
  }, data, charts);
}

const steps = labels => ({
  splits: () => labels.map((label, i) => i),
  values: (u, ticks) => ticks.map(tick => labels[tick] ?? ''),
});

/** Bars that stand side by side: each system has places of its own on the axis. */
function bars(title, unit, rows) {
  const present = systems.filter(system => rows.some(row => row.rounds[system]?.length));
  const width = present.length + 1;
  const xs = rows.flatMap((row, i) => present.map((system, s) => i * width + s));
  const series = present.map((system, s) => rows.flatMap(row => present.map((other, o) => o === s ? median(row.rounds[system]) : null)));
  const labels = rows.map(row => row.work);
  chart(title, unit, [xs, ...series], present.map(system => ({
    label: system, stroke: colour(system), fill: colour(system), points: {show: false},
    paths: uPlot.paths.bars({size: [0.95, 60]}), value: (u, value) => written(value),
  })), {
    range: () => [-1, rows.length * width - 1],
    value: (u, x) => x == null ? '-' : labels[Math.floor(x / width)],
    axis: {
      splits: () => labels.map((label, i) => i * width + (present.length - 1) / 2),
      values: () => labels.map(label => label.replaceAll(', ', '\n')), size: 70, grid: {show: false},
    },
  });
}

function lines(curve) {
  const present = Object.keys(curve.figures);
  chart(curve.title, curve.unit, [curve.steps.map((step, i) => i), ...present.map(system => curve.figures[system])],
    present.map(system => ({label: system, stroke: colour(system), width: 2, points: {show: true}, value: (u, value) => written(value)})), {
      logarithmic: true, axis: steps(curve.steps), value: (u, x) => curve.steps[x] ?? '-',
    });
}

function memory({seconds, megabytes}) {
  const present = Object.keys(megabytes);
  if (!seconds.length) return;
  chart('Memory resident, over the time of the run', 'MB', [seconds, ...present.map(system => megabytes[system])],
    present.map(system => ({label: system, stroke: colour(system), width: 1.5, value: (u, value) => written(value)})),
    {label: 's', value: (u, x) => x == null ? '-' : x.toFixed(1)});
}

function figures() {
  const table = document.getElementById('figures');
  const head = add(table, 'tr');
  ['work', 'unit', ...systems].forEach(text => add(head, 'th', text));
  for (const row of report.rows) {
    const line = add(table, 'tr');
    [`${row.section}: ${row.work}`, row.unit, ...systems.map(system => written(median(row.rounds[system])))].forEach(text => add(line, 'td', text));
  }
}

document.getElementById('about').textContent =
  `Java ${report.java}, ${report.system}, ${report.processors} processors, heap of ${report.heap} for each process, turns of ${report.seconds} s.`;
report.remarks.forEach(remark => add(document.getElementById('remarks'), 'li', remark));
report.curves.forEach(lines);
const groups = Map.groupBy ? Map.groupBy(report.rows, row => `${row.section}|${row.unit}`) : report.rows.reduce(
  (all, row) => all.set(`${row.section}|${row.unit}`, [...(all.get(`${row.section}|${row.unit}`) ?? []), row]), new Map());
groups.forEach(rows => bars(rows[0].section, rows[0].unit, rows));
memory(report.memory);
figures();
