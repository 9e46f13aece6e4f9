import type { Bar, CallView } from '../page-data.ts';
import { counted, duration } from '../text.ts';
import { copyable } from './copy.ts';
import { clockTime, h } from './dom.ts';

/** A call as a line that opens to its attempts. */
export function waterfall(call: CallView, open = false): HTMLElement {
  const outcome = call.reason === undefined ? `${call.status ?? 'done'}` : (call.code ?? call.reason);
  const details = h(
    'details',
    { class: 'call' },
    h(
      'summary',
      {},
      h('span', { class: call.reason === undefined ? 'good' : 'bad' }, outcome),
      h('span', { class: 'request' }, `${call.method} ${call.url}`),
      h('span', { class: 'took' }, `${duration(call.tookMs)}, ${counted(call.attempts, 'attempt')}`),
    ),
  );
  // Drawn only when opened: a table of failures may hold thousands.
  const draw = (): void => void details.append(body(call));
  if (open) {
    details.open = true;
    draw();
  } else details.addEventListener('toggle', draw, { once: true });
  return details;
}

/** The attempts of a call on one scale, and the details of its failure. */
export function body(call: CallView): HTMLElement {
  const whole = Math.max(1, call.tookMs, ...call.bars.map(({ ends }) => ends));
  return h(
    'div',
    { class: 'body' },
    h('p', {}, `Began at ${clockTime(call.at)} under ${call.quota || 'no quota'}. Call ${call.call}.`),
    call.hint !== undefined && h('p', {}, call.hint),
    call.correlationId !== undefined && h('p', {}, 'Correlation ID: ', copyable(call.correlationId)),
    h('ol', { class: 'bars' }, ...call.bars.map((bar) => line(bar, whole))),
  );
}

function line(bar: Bar, whole: number): HTMLElement {
  const waited = bar.sent - bar.waits;
  const at = (ms: number): string => `${(100 * Math.max(0, ms)) / whole}%`;
  const piece = (kind: string, from: number, to: number): HTMLElement =>
    h('i', { class: kind, style: `left:${at(from)};width:max(2px,${at(to - from)})` });
  return h(
    'li',
    {},
    h(
      'span',
      { class: 'what' },
      `${bar.outcome}: `,
      waited > 0 ? `waited ${duration(waited)}, ` : '',
      `took ${duration(bar.ends - bar.sent)}`,
      bar.correlationId === undefined ? '' : ` (${bar.correlationId})`,
    ),
    h(
      'span',
      { class: 'track', 'aria-hidden': 'true' },
      waited > 0 && piece('waiting', bar.waits, bar.sent),
      piece(bar.kind, bar.sent, bar.ends),
    ),
  );
}
