import { Agent, interceptors, request } from 'undici';
import { StatusError } from '../ok.ts';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: 'undici interceptors.retry',
  tuned: 'maxRetries 30, maxTimeout 30 s (docs/api/RetryHandler.md)',
  make({ variant }) {
    const options = variant === 'tuned' ? { maxRetries: 30, maxTimeout: 30_000 } : {};
    const dispatcher = new Agent().compose(interceptors.retry(options));
    return {
      async call(url) {
        const { statusCode, headers, body } = await request(url, { dispatcher });
        await body.text();
        if (statusCode >= 400) throw new StatusError(statusCode, headers['retry-after'] as string);
      },
    };
  },
};

export default peer;
