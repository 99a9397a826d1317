// What the pages do, all in one: a chart, and what is told to the tests.
import uPlot from '/lib/uplot.js';

new uPlot(
  {width: 320, height: 160, series: [{}, {label: 'records', stroke: 'teal'}]},
  [[0, 1, 2], [3, 1, 2]],
  document.getElementById('chart'));
document.title = 'drawn';
