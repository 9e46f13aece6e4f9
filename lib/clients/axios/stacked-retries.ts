import { type Warn, warnOfStacked } from '../shared/stacked-retries.ts';
import type { Config } from './leg.ts';

const removed = (name: string): string =>
  `${name} sits above the gate, which already retries: its retries were turned off for this call; remove it`;

/** Turns off retries above the gate, which would multiply with the gate's. */
export function silence(config: Config, warn: Warn): void {
  const retries = config['axios-retry'];
  if (retries?.retries) {
    warn('stacked-retries', removed('axios-retry'));
    config['axios-retry'] = { ...retries, retries: 0 };
  }
  const { raxConfig } = config;
  if (raxConfig && raxConfig.retry !== 0) {
    warn('stacked-retries', removed('retry-axios'));
    config.raxConfig = { ...raxConfig, retry: 0, shouldRetry: () => false };
  }
  warnOfStacked((name) => (config.headers as unknown as Record<string, string>)[name], warn);
}
