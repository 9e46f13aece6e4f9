/** What a Temporal worker sends of an activity's failure, by Temporal's own converters. Its server is a download of its own. */
import assert from 'node:assert/strict';
import { ApplicationFailure, DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { retriedLater } from '../../examples/jobs/temporal.ts';
import { headgate } from '../../lib/index.ts';
import { TestServer } from '../support/server.ts';

const WAIT_S = 30;

export async function temporal(): Promise<void> {
  const server = await TestServer.start();
  server.replies({ status: 429, headers: { 'retry-after': String(WAIT_S) } });
  const gate = headgate({ retry: { inline: '2s' } });
  const fetch = gate.fetch();
  const activity = retriedLater(async (url: string) => (await fetch(url)).text(), ApplicationFailure);
  try {
    const failure = await activity(server.url).catch((error: unknown) => error);
    assert(failure instanceof ApplicationFailure);
    const sent = new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter);
    const { type, nonRetryable, nextRetryDelay } = sent.applicationFailureInfo ?? {};
    assert.equal(type, 'WaitError');
    assert.equal(nonRetryable, false);
    const seconds = Number(nextRetryDelay?.seconds);
    assert(seconds >= WAIT_S - 5 && seconds <= WAIT_S + 5, `the next attempt comes after ${seconds} s`);
    await assert.rejects(
      retriedLater(() => Promise.reject(new TypeError('mine')), ApplicationFailure),
      TypeError,
    );
  } finally {
    await gate.close();
    await server.close();
  }
}
