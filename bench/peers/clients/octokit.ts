import { Octokit } from '@octokit/core';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import type { Peer } from '../types.ts';

const Client = Octokit.plugin(throttling, retry);

const peer: Peer = {
  title: 'octokit throttling + retry',
  tuned: '30 retries on either limit and on failures (READMEs of both plugins)',
  make({ variant }) {
    const most = variant === 'tuned' ? 30 : 1;
    const again = (_after: number, _options: object, _octokit: object, count: number): boolean =>
      count < most;
    const octokit = new Client({
      throttle: { onRateLimit: again, onSecondaryRateLimit: again },
      ...(variant === 'tuned' && { request: { retries: most } }),
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    return { call: (url) => octokit.request(`GET ${url}`) };
  },
};

export default peer;
