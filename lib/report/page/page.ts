import type { PageData } from '../page-data.ts';
import { counted, duration, percent } from '../text.ts';
import { clockTime, h } from './dom.ts';
import { failures } from './failures.ts';
import { Timeline } from './timeline.ts';
import { waterfall } from './waterfall.ts';

const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '{}');
const { totals } = data;

const timelines = data.quotas.map((quota) => new Timeline(quota));
const drawAll = (): void => {
  for (const timeline of timelines) timeline.draw();
};

type Theme = 'light' | 'dark';
const preferred = matchMedia('(prefers-color-scheme: dark)');
const preference = (): Theme => (preferred.matches ? 'dark' : 'light');
let chosen: Theme | undefined;

/** Shows a theme; charts take their colours from it when they are drawn. */
function show(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  drawAll();
}

const theme = h('button', { type: 'button', class: 'theme' }, 'Light or dark');
theme.addEventListener('click', () => {
  chosen = (chosen ?? preference()) === 'dark' ? 'light' : 'dark';
  show(chosen);
});

function number(label: string, value: string, note = ''): HTMLElement {
  return h('div', {}, h('dt', {}, label), h('dd', {}, value, note !== '' && h('small', {}, note)));
}

const count = (value: number): string => value.toLocaleString('en-US');

function section(id: string, heading: string, ...children: (Node | string | false)[]): HTMLElement {
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, heading), ...children);
}

document.body.prepend(
  h(
    'header',
    {},
    h('h1', {}, data.title),
    theme,
    h(
      'p',
      {},
      data.from === data.to
        ? 'The record is empty.'
        : `${new Date(data.from).toLocaleString()} to ${clockTime(data.to)}, ${duration(data.to - data.from)}`,
    ),
  ),
  h(
    'main',
    {},
    section(
      'sums',
      'In numbers',
      h(
        'dl',
        { class: 'numbers' },
        number(
          'Calls',
          count(totals.calls),
          totals.dropped > 0 ? `${count(totals.dropped)} earlier ones not kept` : '',
        ),
        number('Succeeded', count(totals.succeeded)),
        number('Failed', count(totals.failed), totals.open > 0 ? `${count(totals.open)} still open` : ''),
        number('Attempts', count(totals.attempts), `${count(totals.resent)} resent`),
        number(
          '429s',
          count(totals.refused),
          totals.attempts > 0 ? percent(totals.refused / totals.attempts) : '',
        ),
        number('Half of the calls took', duration(totals.p50), `99 %: ${duration(totals.p99)}`),
      ),
    ),
    section('advice', 'What to do', h('ul', {}, ...data.advice.map((sentence) => h('li', {}, sentence)))),
    section(
      'quotas',
      'Quotas',
      ...timelines.map(({ element }) => element),
      data.moreQuotas > 0 &&
        h('p', {}, `${counted(data.moreQuotas, 'further quota')} with less traffic not shown.`),
    ),
    section('slowest', 'Slowest calls', ...data.slowest.map((call, index) => waterfall(call, index === 0))),
    section(
      'failures',
      'Failed calls',
      data.failures.length === 0 ? h('p', {}, 'None.') : failures(data.failures, data.moreFailures),
    ),
    data.notices.length > 0 &&
      section(
        'notices',
        'Limits learned, warnings, ledger',
        h(
          'ul',
          {},
          ...data.notices.map(({ at, type, text }) => h('li', {}, `${clockTime(at)} ${type}: ${text}`)),
        ),
      ),
  ),
  h('footer', {}, 'Made by Headgate. Drag over a chart to zoom, double-click to see all of it again.'),
);

show(preference());
preferred.addEventListener('change', () => show(chosen ?? preference()));
addEventListener('resize', () => {
  for (const timeline of timelines) timeline.resize();
});
addEventListener('beforeprint', () => {
  show('light');
  for (const details of document.querySelectorAll('details')) details.open = true;
});
addEventListener('afterprint', () => show(chosen ?? preference()));
