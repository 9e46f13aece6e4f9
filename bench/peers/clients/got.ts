import http from 'node:http';
import got from 'got';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: "got's own retry",
  tuned: 'retry.limit 30, backoffLimit 30 s, noise 100 ms (documentation/7-retry.md)',
  make({ variant }) {
    const agent = { http: new http.Agent({ keepAlive: true }) };
    const api = got.extend(
      { agent },
      variant === 'tuned' ? { retry: { limit: 30, backoffLimit: 30_000, noise: 100 } } : {},
    );
    return { call: (url) => api(url) };
  },
};

export default peer;
