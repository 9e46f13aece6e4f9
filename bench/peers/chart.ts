import { init, type LineSeriesOption } from 'echarts';
import { type Results, type SavedTrial, STEP_MS } from './results.ts';

const WIDTH = 1000;
const PANEL = 96;
const TOP = 56;
const ADMITTED = '#2a7ab9';
const REFUSED = '#d1495b';
/** Longer than so many times the ideal is cut off: else one slow peer would make the others' panels too small to read. */
const LONGEST = 3;

/**
 * One panel per peer, Headgate first, the others as tuned: requests admitted (up) and refused (down) in each step of
 * time, for the first seed, all on one scale; as SVG.
 */
export function chart({ work, trials }: Results): string {
  const shown = chosen(trials);
  const most = Math.max(...shown.flatMap(({ admitted, refused }) => [...admitted, ...refused]));
  const idealMs = shown[0]?.idealMs ?? 0;
  const longest = Math.max(...shown.map(({ admitted }) => admitted.length * STEP_MS));
  const until = Math.ceil(Math.min(longest, idealMs * LONGEST) / 1000);
  const height = TOP + shown.length * PANEL + 30;
  const view = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  view.setOption({
    animation: false,
    title: {
      text: work.title,
      subtext: `requests per ${STEP_MS} ms; ideal ${(idealMs / 1000).toFixed(1)} s`,
      left: 16,
      top: 6,
      textStyle: { fontSize: 15 },
    },
    legend: { data: ['admitted', 'refused'], right: 16, top: 8 },
    color: [ADMITTED, REFUSED],
    grid: shown.map((_, index) => ({
      left: 190,
      right: 24,
      top: TOP + index * PANEL + 8,
      height: PANEL - 24,
    })),
    xAxis: shown.map((_, index) => ({
      gridIndex: index,
      type: 'value',
      max: until,
      axisLabel: { show: index === shown.length - 1, formatter: '{value} s' },
    })),
    yAxis: shown.map(({ peer, variant }, index) => ({
      gridIndex: index,
      type: 'value',
      min: -most,
      max: most,
      interval: most,
      name: `${peer}\n${variant}`,
      nameLocation: 'middle',
      nameRotate: 0,
      nameGap: 100,
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
  const points = counts.map((count, step): [number, number] => [(step * STEP_MS) / 1000, sign * count]);
  return {
    name,
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    step: 'end',
    symbol: 'none',
    clip: true,
    lineStyle: { width: 1 },
    areaStyle: { opacity: 0.35 },
    // Steps that change nothing add nothing.
    data: points.filter(
      ([, count], index) => count !== points[index - 1]?.[1] || index === points.length - 1,
    ),
  };
}

/** The first seed of every peer: as tuned, where it can be. */
function chosen(trials: readonly SavedTrial[]): SavedTrial[] {
  const byPeer = Map.groupBy(trials, ({ peer }) => peer);
  const firsts = [...byPeer.values()].map((all) => all.find(({ variant }) => variant === 'tuned') ?? all[0]);
  return (firsts as SavedTrial[]).sort(
    (a, b) => Number(b.peer === 'headgate') - Number(a.peer === 'headgate'),
  );
}
