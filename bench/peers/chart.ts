import { init, type LineSeriesOption } from 'echarts';
import { rowsOf } from './print.ts';
import { type Results, type SavedTrial, STEP_MS } from './results.ts';
import type { Variant } from './types.ts';

const WIDTH = 1000;
const PANEL = 96;
const TOP = 56;
const ADMITTED = '#2a7ab9';
const REFUSED = '#d1495b';

/** One panel per peer: requests admitted (up) and refused (down) in each step of time, for its first seed, as SVG. */
export function chart({ work, trials }: Results): string {
  const shown = rowsOf(trials).map(({ peer, variant }) => first(trials, peer, variant));
  const steps = Math.max(...shown.map(({ admitted }) => admitted.length));
  const height = TOP + shown.length * PANEL + 40;
  const view = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  view.setOption({
    animation: false,
    title: { text: work.title, left: 16, top: 8, textStyle: { fontSize: 15 } },
    legend: { data: ['admitted', 'refused'], right: 16, top: 8 },
    color: [ADMITTED, REFUSED],
    grid: shown.map((_, index) => ({
      left: 210,
      right: 20,
      top: TOP + index * PANEL + 8,
      height: PANEL - 24,
    })),
    xAxis: shown.map((_, index) => ({
      gridIndex: index,
      type: 'value',
      max: (steps * STEP_MS) / 1000,
      axisLabel: { show: index === shown.length - 1, formatter: '{value} s' },
      splitLine: { show: true },
    })),
    yAxis: shown.map(({ peer, variant }, index) => ({
      gridIndex: index,
      type: 'value',
      name: `${peer}\n${variant}`,
      nameLocation: 'middle',
      nameRotate: 0,
      nameGap: 110,
      splitNumber: 2,
      axisLabel: { formatter: (value: number) => String(Math.abs(value)) },
    })),
    series: shown.flatMap(({ admitted, refused }, index) => [
      line('admitted', index, admitted, 1),
      line('refused', index, refused, -1),
    ]),
  });
  const svg = view.renderToSVGString();
  view.dispose();
  return svg;
}

function line(name: string, panel: number, counts: readonly number[], sign: 1 | -1): LineSeriesOption {
  return {
    name,
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    step: 'end',
    symbol: 'none',
    lineStyle: { width: 1 },
    areaStyle: { opacity: 0.35 },
    data: counts.map((count, step) => [(step * STEP_MS) / 1000, sign * count]),
  };
}

function first(trials: readonly SavedTrial[], peer: string, variant: Variant): SavedTrial {
  return trials.find((each) => each.peer === peer && each.variant === variant) as SavedTrial;
}
