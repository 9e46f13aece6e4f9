import uPlot from 'uplot';
import type { QuotaTimeline } from '../page-data.ts';
import { counted, percent } from '../text.ts';
import { clockTime, h } from './dom.ts';

/** Height of a chart, in CSS px. */
const HEIGHT = 200;
/** Height of the tick of a refusal, in device px. */
const TICK = 12;

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Chart of one quota: queued, in-flight and refused attempts, use of its limit, and its pauses as bands. */
export class Timeline {
  readonly element: HTMLElement;
  readonly #quota: QuotaTimeline;
  readonly #place: HTMLElement;
  readonly #said: HTMLElement;
  #plot: uPlot | undefined;
  #index = 0;

  constructor(quota: QuotaTimeline) {
    this.#quota = quota;
    this.#said = h('p', { class: 'said', 'aria-live': 'polite' });
    this.#place = h('div', {
      class: 'chart',
      tabindex: 0,
      role: 'group',
      'aria-label': `${summary(quota)} Left and right arrow keys read the values, plus and minus zoom, Escape shows all.`,
      onkeydown: (event: KeyboardEvent) => this.#key(event),
    });
    this.element = h(
      'section',
      { class: 'quota' },
      h('h3', {}, quota.key),
      h('p', {}, summary(quota)),
      this.#place,
      this.#said,
    );
  }

  /** Draws the chart: at first, and again for another theme. */
  draw(): void {
    this.#plot?.destroy();
    const { at, queued, inFlight, refused, used } = this.#quota;
    this.#plot = new uPlot(
      this.#options(),
      [at, queued, inFlight, refused, used] as unknown as uPlot.AlignedData,
      this.#place,
    );
  }

  resize(): void {
    this.#plot?.setSize({ width: this.#place.clientWidth, height: HEIGHT });
  }

  #options(): uPlot.Options {
    const [text, grid] = [colour('muted'), colour('line')];
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const whole = (_: uPlot, value: number | null): string => (value === null ? '–' : String(value));
    return {
      width: this.#place.clientWidth,
      height: HEIGHT,
      cursor: { sync: { key: 'quotas' } },
      scales: { '%': { range: [0, 105] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
      axes: [
        axis,
        { ...axis, size: 56 },
        {
          ...axis,
          scale: '%',
          side: 1,
          size: 56,
          grid: { show: false },
          values: (_, values) => values.map((v) => `${v} %`),
        },
      ],
      series: [
        { label: 'Time' },
        { label: 'Queued', stroke: colour('queued'), fill: `${colour('queued')}33`, width: 1, value: whole },
        { label: 'In flight', stroke: colour('flight'), width: 2, value: whole },
        {
          label: '429s',
          stroke: colour('bad'),
          fill: colour('bad'),
          paths: () => null,
          points: { show: false },
          value: whole,
        },
        {
          label: 'Used, %',
          scale: '%',
          stroke: colour('used'),
          dash: [4, 4],
          width: 1,
          spanGaps: true,
          points: { show: false },
          value: whole,
        },
      ],
      hooks: { drawClear: [(plot) => this.#bands(plot)], draw: [(plot) => this.#refusals(plot)] },
    };
  }

  #bands(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = `${colour('bad')}22`;
    for (const [from, to] of this.#quota.pauses) {
      const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
      if (right > left) ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    }
    ctx.restore();
  }

  /** Ticks at the bottom: on the scale of queued attempts, a few refusals would be invisible. */
  #refusals(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { at, refused } = this.#quota;
    ctx.save();
    ctx.fillStyle = colour('bad');
    for (const [index, count] of refused.entries()) {
      const x = plot.valToPos(at[index] ?? 0, 'x', true);
      if (count > 0 && x >= bbox.left && x <= bbox.left + bbox.width)
        ctx.fillRect(x - 1.5, bbox.top + bbox.height - TICK, 3, TICK);
    }
    ctx.restore();
  }

  #key(event: KeyboardEvent): void {
    const { at } = this.#quota;
    const plot = this.#plot;
    if (!plot) return;
    const [first = 0, last = 1] = [plot.scales.x?.min, plot.scales.x?.max];
    const span = last - first;
    const middle = at[this.#index] ?? first;
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const step =
        (event.key === 'ArrowRight' ? 1 : -1) *
        Math.max(1, Math.round((at.length * span) / (60 * ((at.at(-1) ?? 1) - (at[0] ?? 0) || 1))));
      this.#index = Math.min(at.length - 1, Math.max(0, this.#index + step));
      this.#say(plot);
    } else if (event.key === '+' || event.key === '=')
      plot.setScale('x', { min: middle - span / 4, max: middle + span / 4 });
    else if (event.key === '-') plot.setScale('x', { min: middle - span, max: middle + span });
    else if (event.key === 'Escape') plot.setScale('x', { min: at[0] ?? 0, max: at.at(-1) ?? 1 });
    else return;
    event.preventDefault();
  }

  #say(plot: uPlot): void {
    const { at, queued, inFlight, refused, used } = this.#quota;
    const index = this.#index;
    plot.setCursor({ left: plot.valToPos(at[index] ?? 0, 'x'), top: HEIGHT / 2 });
    const share = used[index];
    this.#said.textContent =
      `${clockTime((at[index] ?? 0) * 1000)}: ${queued[index]} queued, ${inFlight[index]} in flight, ${refused[index]} refused` +
      (share === null || share === undefined ? '' : `, ${share} % used`);
  }
}

/** The quota in one or two sentences, which screen readers get instead of the chart. */
function summary({ limits, calls, failed, attempts, refusals, closed, pauses }: QuotaTimeline): string {
  return (
    `${counted(calls, 'call')}${failed > 0 ? ` (${failed} failed)` : ''}, ${counted(attempts, 'attempt')}, ${counted(refusals, '429')}; ` +
    `closed ${percent(closed)} of the time in ${counted(pauses.length, 'pause')}. ${limits === '' ? 'No limit known.' : `Limit: ${limits}.`}`
  );
}
