import { expect } from 'chai';
import type { Plan } from '../../lib/command/plan.ts';
import { folder, headgateCommand, headgateJson } from './support/command.ts';

interface Explained {
  readonly verdict: string;
  readonly status?: number;
  readonly code?: string;
  readonly retryAfterMs?: number;
  readonly correlationId?: string;
  readonly hint?: string;
  readonly request: string;
  readonly plan: Plan;
}

const file = folder();
const explained = (...argv: string[]): Promise<Explained & { readonly exit: number }> =>
  headgateJson(['explain', ...argv]);

describe('headgate explain', () => {
  for (const [argv, expected, reason] of [
    [['200'], { verdict: 'success' }, null],
    [['404'], { verdict: 'terminal', status: 404 }, 'terminal'],
    [['401'], { verdict: 'unauthorized' }, 'token'],
    [['503'], { verdict: 'transient' }, 'fault'],
    [['429', '--header', 'Retry-After: 30'], { verdict: 'throttled', retryAfterMs: 30_000 }, 'quota'],
    [['429', '--header', 'retry-after: 600'], { verdict: 'throttled' }, 'deadline'],
    [['429', '--status', '429'], { verdict: 'throttled', status: 429 }, 'quota'],
    [['429', '--profile', 'github'], { verdict: 'throttled', retryAfterMs: 60_000 }, 'quota'],
    [['ECONNRESET'], { verdict: 'transient', code: 'ECONNRESET' }, 'fault'],
    [['CERT_HAS_EXPIRED'], { verdict: 'terminal', code: 'CERT_HAS_EXPIRED' }, 'terminal'],
    [['insufficient_quota', '--profile', 'openai'], { verdict: 'terminal', status: 429 }, 'terminal'],
    [['ThrottlingException'], { verdict: 'throttled' }, 'quota'],
    [
      ['TooManyRequests', '--profile', '{"name":"defender","tenant":"t"}'],
      { verdict: 'throttled', status: 429 },
      'quota',
    ],
    [['Whatever', '--status', '500'], { verdict: 'transient', code: 'Whatever' }, 'fault'],
    [['503', '--request', 'POST https://api.example.com/items'], { verdict: 'transient' }, 'terminal'],
    [['ECONNREFUSED', '--request', 'POST https://api.example.com/items'], { verdict: 'transient' }, 'fault'],
  ] as const)
    it(`reads ${argv.join(' ')} as a gate does, and plans what it would do`, async () => {
      const read = await explained(...argv);
      expect(read).to.deep.include({ exit: 0, ...expected });
      expect(read.plan.reason).to.equal(reason);
      expect(read.plan.resend).to.equal(['token', 'fault', 'quota'].includes(reason ?? ''));
      expect(read.plan.sentences.join(' ')).to.not.equal('');
    });

  it('plans retries within what the backoff allows, attempt by attempt', async () => {
    const policy = file('policy.json', {
      retry: { attempts: 3, backoff: { base: '100ms', max: '1s', jitter: 'none' } },
    });
    const { plan } = await explained('500', '--policy', policy);
    expect(plan.attempts).to.deep.equal([
      { attempt: 2, afterMs: { min: 100, max: 100 } },
      { attempt: 3, afterMs: { min: 200, max: 200 } },
    ]);
    const jitter = file('policy.json', { retry: { attempts: 4, backoff: { base: '100ms', max: '500ms' } } });
    expect(
      (await explained('500', '--policy', jitter)).plan.attempts.map(({ afterMs }) => afterMs),
    ).to.deep.equal([
      { min: 100, max: 300 },
      { min: 100, max: 500 },
      { min: 100, max: 500 },
    ]);
    const waiting = await explained('503', '--policy', jitter, '--header', 'retry-after: 2');
    expect(waiting.plan.attempts[1]?.afterMs).to.deep.equal({ min: 2100, max: 2500 });
    const once = file('policy.json', { retry: { attempts: 1 } });
    expect((await explained('500', '--policy', once)).plan).to.deep.include({
      resend: false,
      reason: 'attempts',
    });
  });

  it('reads a body, with its status where it says so', async () => {
    const body = { message: 'API rate limit exceeded for user ID 1.', status: '403' };
    const github = [
      '--profile',
      'github',
      '--header',
      'x-ratelimit-remaining: 0',
      '--header',
      'x-github-request-id: A1:B2',
    ];
    const read = await explained(file('body.json', body), ...github);
    expect(read).to.deep.include({ status: 403, verdict: 'throttled', correlationId: 'A1:B2' });
    const google = await explained(
      file('g.json', { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } }),
      '--profile',
      'google',
    );
    expect(google).to.deep.include({ status: 429, verdict: 'throttled' });
    const coded = await explained(
      file('c.json', { error: { code: 'Forbidden', message: 'x' } }),
      '--profile',
      'defender',
    );
    expect(coded).to.deep.include({ status: 403, code: 'Forbidden', verdict: 'terminal' });
  });

  it('reads a whole answer, and one from the standard input', async () => {
    const answer = { status: 429, headers: { 'Retry-After': '7' }, body: { error: { code: 'Slow' } } };
    expect(await explained(file('answer.json', answer))).to.deep.include({
      retryAfterMs: 7000,
      code: 'Slow',
    });
    const piped = await headgateJson<Explained>(['explain', '-'], JSON.stringify(answer));
    expect(piped).to.deep.include({ exit: 0, retryAfterMs: 7000 });
    const page = await explained(
      file('page.html', '<html><title>Attention Required! | Cloudflare</title></html>'),
      '--status',
      '403',
    );
    expect(page).to.deep.include({ verdict: 'terminal', status: 403 });
  });

  it("tells no ID of a profile's example as if it were an answer's", async () => {
    expect(await explained('insufficient_quota', '--profile', 'openai')).to.not.have.property(
      'correlationId',
    );
  });

  it('prints the URL of a request without its secrets', async () => {
    const request = 'POST https://me:canary@api.example.com/items?token=canary&own=canary&page=2';
    const argv = ['explain', '503', '--request', request, '--policy', file('r.json', { redact: ['own'] })];
    const { out } = await headgateCommand(argv);
    const shown = 'POST https://api.example.com/items?token=REDACTED&own=REDACTED&page=2';
    expect(out).to.include(shown).and.to.not.include('canary');
    const read = await headgateJson<Explained>(argv);
    expect(read.request).to.equal(shown);
    expect(JSON.stringify(read)).to.not.include('canary');
  });

  it("explains Headgate's own codes", async () => {
    const { out, exit } = await headgateCommand(['explain', 'ERR_HEADGATE_DEADLINE']);
    expect(exit).to.equal(0);
    expect(out).to.include('waitMs').and.to.include('retry.deadline');
  });

  for (const [what, argv, message] of [
    ['a code that nobody knows', ['NoSuchCode'], /--status/],
    ['a body that does not say its status', ['BODY'], /--status/],
    ['a status that is none', ['999'], /100 to 599/],
    ['a file that is not there', ['none.json'], /ENOENT/],
    ['an unknown profile', ['429', '--profile', 'gitlab'], /anthropic, aws/],
    ['a profile that is no JSON', ['429', '--profile', '{x'], /JSON/],
    [
      'an option of a profile that it has not',
      ['429', '--profile', '{"name":"github","tenant":"t"}'],
      /tenant/,
    ],
    ['a header that is none', ['429', '--header', 'secret-token'], /retry-after: 30/],
    ['a request that is none', ['429', '--request', '/items'], /--request/],
    [
      'two statuses',
      ['429', '--status', '503'],
      /'--status': expected 429, as 429 says, or nothing, got 503/,
    ],
    [
      'a status other than the answer states',
      ['ANSWER', '--status', '503'],
      /expected 429, as .*a\.json says/,
    ],
    ['a header of a fault', ['ECONNRESET', '--header', 'retry-after: 30'], /no answer comes with ECONNRESET/],
    [
      "a status of Headgate's own code",
      ['ERR_HEADGATE_WAIT', '--status', '503'],
      /no answer comes with ERR_/,
    ],
  ] as const)
    it(`refuses ${what}`, async () => {
      const files = { BODY: file('b.json', { oops: 1 }), ANSWER: file('a.json', { status: 429, body: '' }) };
      const given = argv.map((each) => files[each as keyof typeof files] ?? each);
      const { error, exit } = await headgateJson<{ error: { message: string } }>(['explain', ...given]);
      expect(exit).to.equal(2);
      expect(error.message).to.match(message);
      expect(error.message).to.not.include('secret-token');
    });
});
