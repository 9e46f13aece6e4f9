import { ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleAll, retry, wrap } from 'cockatiel';
import { fetchOk } from '../ok.ts';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: 'cockatiel + fetch',
  tuned: 'retry 30 times, exponential, around a circuit breaker of 5 failures and 10 s (README)',
  make({ variant }) {
    if (variant === 'defaults') {
      // Its retries are unlimited and without a wait unless told otherwise: the README's first example.
      const policy = retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() });
      return { call: (url) => policy.execute(() => fetchOk(url)) };
    }
    const again = retry(handleAll, { maxAttempts: 30, backoff: new ExponentialBackoff() });
    const breaker = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
    const policy = wrap(again, breaker);
    return { call: (url) => policy.execute(() => fetchOk(url)) };
  },
};

export default peer;
