import http from 'node:http';
import axios from 'axios';
import axiosRetry, { exponentialDelay, isNetworkOrIdempotentRequestError } from 'axios-retry';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: 'axios-retry',
  tuned: 'retries 30, retryDelay exponentialDelay, retryCondition with 429 (README)',
  make({ variant }) {
    const client = axios.create({ httpAgent: new http.Agent({ keepAlive: true }) });
    const tuned = {
      retries: 30,
      retryDelay: exponentialDelay,
      retryCondition: (error: Parameters<typeof isNetworkOrIdempotentRequestError>[0]) =>
        isNetworkOrIdempotentRequestError(error) || error.response?.status === 429,
    };
    axiosRetry(client, variant === 'tuned' ? tuned : {});
    return { call: (url) => client.get(url) };
  },
};

export default peer;
