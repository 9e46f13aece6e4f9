/** A readable duration: `850 ms`, `12.5 s`, `1 min`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${Math.round(s * 10) / 10} s`;
  if (s < 3600) return joined(s / 60, 'min', 60, 's');
  if (s < 86_400) return joined(s / 3600, 'h', 60, 'min');
  return joined(s / 86_400, 'd', 24, 'h');
}

function joined(value: number, unit: string, parts: number, part: string): string {
  const all = Math.round(value * parts);
  const rest = all % parts;
  return `${Math.floor(all / parts)} ${unit}${rest > 0 ? ` ${rest} ${part}` : ''}`;
}

/** A fraction as a percentage: `62 %`, `0.4 %`. */
export function percent(fraction: number): string {
  const value = 100 * fraction;
  return `${value >= 10 || value === 0 ? Math.round(value) : Math.round(value * 10) / 10} %`;
}

/** A count with its noun: `1 call`, `2,000 calls`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
