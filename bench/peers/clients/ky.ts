import ky from 'ky';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: 'ky',
  tuned: 'retry.limit 30, backoffLimit 30 s, jitter, timeout off (README)',
  make({ variant }) {
    const retry = { limit: 30, backoffLimit: 30_000, jitter: true };
    const client = ky.create(variant === 'tuned' ? { retry, timeout: false } : {});
    return { call: (url) => client.get(url).text() };
  },
};

export default peer;
