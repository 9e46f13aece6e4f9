import {
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
} from '@azure/core-rest-pipeline';
import { StatusError } from '../ok.ts';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: '@azure/core-rest-pipeline',
  tuned: 'retryOptions.maxRetries 30, maxRetryDelayInMs 30 s (its API reference)',
  make({ variant }) {
    const retryOptions = { maxRetries: 30, maxRetryDelayInMs: 30_000 };
    const pipeline = createPipelineFromOptions(variant === 'tuned' ? { retryOptions } : {});
    const client = createDefaultHttpClient();
    return {
      async call(url) {
        const request = createPipelineRequest({ url, allowInsecureConnection: true });
        const { status, headers } = await pipeline.sendRequest(client, request);
        if (status >= 400) throw new StatusError(status, headers.get('retry-after'));
      },
    };
  },
};

export default peer;
