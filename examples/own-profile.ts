/** A profile of one's own, and a trial of its examples over real HTTP. */
import { defineProfile } from 'headgate/profiles';
import { expectExamples } from 'headgate/testing';

const virusTotal = defineProfile({
  name: 'virustotal',
  title: 'VirusTotal, public API',
  hosts: ['www.virustotal.com'],
  sources: {
    limits: { url: 'https://docs.virustotal.com/reference/public-vs-premium-api', date: '2026-05-29' },
  },
  quotas: [
    { name: 'minute', windows: [{ limit: 4, per: '1m' }], source: 'limits' },
    { name: 'day', also: true, windows: [{ limit: 500, per: 'day' }], source: 'limits' },
  ],
  codes: [
    { code: 'TooManyRequestsError', status: 429, verdict: 'throttled', advice: 'Wait a minute.' },
    { code: 'NotAvailableYet', status: 400, verdict: 'transient', wait: '15s', advice: 'Ask again later.' },
  ],
  examples: [
    {
      title: 'The analysis is not done yet',
      request: 'GET https://www.virustotal.com/api/v3/analyses/x',
      status: 400,
      body: { error: { code: 'NotAvailableYet', message: 'Not available yet' } },
      reading: { verdict: 'transient', code: 'NotAvailableYet', retryAfterMs: 15_000 },
    },
  ],
});

console.log(`Examples read as they should be: ${await expectExamples(virusTotal())}`);
