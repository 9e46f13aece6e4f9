import pRetry from 'p-retry';
import { fetchOk } from '../ok.ts';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: 'p-retry + fetch',
  tuned: 'retries 30, randomize, maxTimeout 30 s (README)',
  make({ variant }) {
    const options = variant === 'tuned' ? { retries: 30, randomize: true, maxTimeout: 30_000 } : {};
    return { call: (url) => pRetry(() => fetchOk(url), options) };
  },
};

export default peer;
