import type { CallView } from '../page-data.ts';
import { counted } from '../text.ts';
import { copyable } from './copy.ts';
import { clockTime, h } from './dom.ts';
import { body } from './waterfall.ts';

/** Number of rows drawn at first, and for each press of a button. */
const ROWS = 100;

const causeOf = ({ code, status, reason }: CallView): string => code ?? String(status ?? reason);

/** The searchable table of failed calls. */
export function failures(calls: readonly CallView[], more: number): HTMLElement {
  const texts = calls.map((call) =>
    [
      causeOf(call),
      call.reason,
      call.status,
      call.method,
      call.url,
      call.quota,
      call.correlationId,
      call.call,
      call.hint,
    ]
      .join(' ')
      .toLowerCase(),
  );
  const search = h('input', { type: 'search', id: 'search', placeholder: 'Code, URL, correlation ID…' });
  const codes = h('select', { id: 'codes' }, h('option', { value: '' }, 'All codes'));
  for (const [cause, count] of counts(calls))
    codes.append(h('option', { value: cause }, `${cause} (${count})`));
  const rows = h('tbody');
  const told = h('p', { role: 'status' });
  const next = h('button', { type: 'button' }, 'Show more');
  let found: CallView[] = [];
  let shown = 0;

  const draw = (): void => {
    rows.append(...found.slice(shown, shown + ROWS).flatMap(row));
    shown = Math.min(found.length, shown + ROWS);
    next.hidden = shown >= found.length;
  };
  const filter = (): void => {
    const words = search.value.toLowerCase().split(/\s+/);
    found = calls.filter(
      (call, index) =>
        (codes.value === '' || causeOf(call) === codes.value) &&
        words.every((word) => (texts[index] as string).includes(word)),
    );
    rows.replaceChildren();
    shown = 0;
    told.textContent =
      counted(found.length, 'failed call') +
      (more > 0 ? `; ${more.toLocaleString('en-US')} earlier ones are not shown` : '');
    draw();
  };
  search.addEventListener('input', filter);
  codes.addEventListener('change', filter);
  next.addEventListener('click', draw);
  filter();
  return h(
    'div',
    {},
    h(
      'p',
      { class: 'filters' },
      h('label', { for: 'search' }, 'Search'),
      search,
      h('label', { for: 'codes' }, 'Code'),
      codes,
    ),
    told,
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of failed calls' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...['Time', 'Code', 'Request', 'Attempts', 'Correlation ID'].map((name) =>
              h('th', { scope: 'col' }, name),
            ),
          ),
        ),
        rows,
      ),
    ),
    next,
  );
}

function row(call: CallView): HTMLElement[] {
  const inner = h('tr', { class: 'inner', hidden: true });
  const toggle = h(
    'button',
    { type: 'button', class: 'more', 'aria-expanded': 'false' },
    `${call.method} ${call.url}`,
  );
  toggle.addEventListener('click', () => {
    if (!inner.firstChild) inner.append(h('td', { colspan: 5 }, body(call)));
    inner.hidden = !inner.hidden;
    toggle.setAttribute('aria-expanded', String(!inner.hidden));
  });
  const outer = h(
    'tr',
    {},
    h('td', {}, clockTime(call.at)),
    h('td', { class: 'bad' }, causeOf(call)),
    h('td', {}, toggle),
    h('td', { class: 'number' }, String(call.attempts)),
    h('td', {}, call.correlationId === undefined ? '–' : copyable(call.correlationId)),
  );
  return [outer, inner];
}

function counts(calls: readonly CallView[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const call of calls) sums.set(causeOf(call), (sums.get(causeOf(call)) ?? 0) + 1);
  return [...sums].sort(([, a], [, b]) => b - a);
}
