import http from 'node:http';
import Bottleneck from 'bottleneck';
import got, { HTTPError } from 'got';
import pRetry from 'p-retry';
import type { Peer, Work } from '../types.ts';

const peer: Peer = {
  title: 'Bottleneck + p-retry + got, by hand',
  tuned:
    'a reservoir where the limit is declared, else 10 at once; 30 retries, each through the limiter, after Retry-After',
  make({ variant, work }) {
    const limiter = new Bottleneck(limits(work, variant === 'tuned'));
    const api = got.extend({ agent: { http: new http.Agent({ keepAlive: true }) }, retry: { limit: 0 } });
    if (variant === 'defaults') return { call: (url) => pRetry(() => limiter.schedule(() => api(url))) };
    return {
      call: (url) =>
        pRetry(() => limiter.schedule(() => api(url)), {
          retries: 30,
          randomize: true,
          minTimeout: 250,
          maxTimeout: 5000,
          async onFailedAttempt({ error }) {
            const seconds = error instanceof HTTPError ? error.response.headers['retry-after'] : undefined;
            if (seconds) await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
          },
        }),
    };
  },
};

function limits({ declared }: Work, tuned: boolean): Bottleneck.ConstructorOptions {
  const [window] = declared ?? [];
  if (!window) return tuned ? { maxConcurrent: 10 } : {};
  const { limit, per } = window;
  return { reservoir: limit, reservoirRefreshAmount: limit, reservoirRefreshInterval: per };
}

export default peer;
