import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type AnyEvent, type Headgate, headgate, OptionsError } from 'headgate';
import { type LoadedPolicy, loadPolicy } from 'headgate/policy';
import { stub } from 'sinon';
import { until } from '../conformance/scene.ts';
import { endings } from '../support/ending.ts';

const quotas = (limit: number) => [{ name: 'q', match: {}, windows: [{ limit, per: '1m' }] }];
const answer = async () => new Response('{}');

describe('A policy file', () => {
  const own = endings();
  let folder: string;
  let file: string;
  let policies: LoadedPolicy[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'headgate-policy-'));
    file = path.join(folder, 'policy.json');
    policies = [];
  });
  afterEach(async () => {
    for (const policy of policies) policy.close();
    await rm(folder, { recursive: true });
  });

  const save = (document: unknown, to = file): Promise<void> => writeFile(to, JSON.stringify(document));
  const load = (env: Record<string, string> = {}, watch = false): LoadedPolicy => {
    const policy = loadPolicy(file, { env, watch });
    policies.push(policy);
    return policy;
  };
  const limitOf = (gate: Headgate): number | undefined => gate.quotas()[0]?.windows[0]?.limit;

  /** A gate that follows the file, with a first call made. */
  async function followed(): Promise<{ gate: Headgate; told: AnyEvent[] }> {
    const gate = own(headgate({ policy: load({}, true) }));
    const told: AnyEvent[] = [];
    gate.on('policy', (event) => told.push(event));
    await gate.fetch(answer)('https://api.example.com/');
    return { gate, told };
  }

  it('gives the options of a gate, over those of the program', async () => {
    await save({ $schema: 'x', profile: 'github', name: 'mine', quotas: quotas(7), retry: { attempts: 2 } });
    const gate = own(headgate({ policy: load(), retry: { attempts: 9 }, name: 'other' }));
    const names: string[] = [];
    gate.on('success', ({ gate: name }) => names.push(name));
    await gate.fetch(answer)('https://api.github.com/');
    expect(names).to.deep.equal(['mine']);
    expect(limitOf(gate)).to.equal(7);
  });

  it('may begin with a byte order mark, but only one', async () => {
    await writeFile(file, '\uFEFF{"name": "mine"}');
    expect(load().options.name).to.equal('mine');
    await writeFile(file, '\uFEFF\uFEFF{"name": "mine"}');
    expect(() => load()).to.throw(OptionsError, /expected JSON/);
  });

  it('may give options to its profile', async () => {
    await save({ profile: { name: 'defender', tenant: 'contoso.com', app: '1' } });
    expect(load().options.profile?.name).to.equal('defender');
  });

  it('is overridden by the environment, which may not hold a typo', async () => {
    await save({ retry: { attempts: 4, backoff: { base: 10 } } });
    const env = {
      HEADGATE_RETRY_ATTEMPTS: '3',
      HEADGATE_RETRY_DEADLINE: '30s',
      HEADGATE_RETRY_BUDGET: 'false',
      HEADGATE_RETRY_BACKOFF_MAX: '1s',
      HEADGATE_RETRY_METHODS: 'GET, POST',
      HEADGATE_NAME: '7',
      PATH: '/bin',
    };
    expect(load(env).options).to.deep.include({
      name: '7',
      retry: {
        attempts: 3,
        deadline: '30s',
        budget: false,
        methods: ['GET', 'POST'],
        backoff: { base: 10, max: '1s' },
      },
    });
    expect(() => load({ HEADGATE_RETRY_ATEMPTS: '3' })).to.throw(
      OptionsError,
      /HEADGATE_RETRY_ATEMPTS.*HEADGATE_RETRY_ATTEMPTS/,
    );
    expect(() => load({ HEADGATE_RETRY_ATTEMPTS: 'many' })).to.throw(OptionsError, /retry\.attempts/);
  });

  for (const [what, text, message] of [
    ['is no JSON', '{"retry": {', /policy\.json.*expected JSON/],
    ['has an unknown option', '{"retries": 3}', /one of .*retry/],
    ['has a wrong value', '{"retry": {"attempts": 0}}', /retry\.attempts.*1 or more, got 0/],
    ['names an unknown profile', '{"profile": "gitlab"}', /profile.*github/],
    ['is a list', '[]', /an object/],
    [
      'contradicts itself',
      JSON.stringify({ quotas: [...quotas(1), ...quotas(2)] }),
      /other quota of this name/,
    ],
  ] as const)
    it(`that ${what} is refused with the reason`, async () => {
      await writeFile(file, text);
      expect(() => load()).to.throw(OptionsError, message);
    });

  it('that is not there is refused', () => {
    expect(() => load()).to.throw(OptionsError, /policy\.json.*a file that can be read, got "ENOENT"/);
  });

  it('that changes is applied to the gates that use it', async () => {
    await save({ quotas: quotas(5) });
    const { gate, told } = await followed();
    expect(limitOf(gate)).to.equal(5);
    await save({ quotas: quotas(9) });
    await until('the change is applied', () => told.length > 0);
    expect(told[0]).to.include({ type: 'policy', state: 'applied', source: file });
    expect(limitOf(gate)).to.equal(9);
  });

  it('that is replaced by a rename, or by the swap of a link to its folder, is applied', async () => {
    const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
    for (const [each, limit] of [
      [a, 1],
      [b, 2],
    ] as const) {
      await mkdir(each);
      await save({ quotas: quotas(limit) }, path.join(each, 'policy.json'));
    }
    const link = path.join(folder, 'current');
    await symlink(a, link);
    file = path.join(link, 'policy.json');
    const { gate, told } = await followed();
    // when
    await symlink(b, `${link}.new`);
    await rename(`${link}.new`, link);
    await until('the link is followed', () => told.length === 1);
    expect(limitOf(gate)).to.equal(2);
    // and when
    await save({ quotas: quotas(3) }, path.join(b, 'next'));
    await rename(path.join(b, 'next'), path.join(b, 'policy.json'));
    await until('the rename is noticed', () => told.length === 2);
    expect(limitOf(gate)).to.equal(3);
  });

  it('that becomes invalid is refused, and the old policy stays until the next valid one', async () => {
    await save({ profile: 'openai', quotas: quotas(5) });
    const { gate, told } = await followed();
    await save({ quotas: [{ limit: 3 }] });
    await until('the change is refused', () => told.length === 1);
    expect(told[0])
      .to.include({ state: 'refused' })
      .and.have.property('reason')
      .that.matches(/quotas\.0/);
    expect(limitOf(gate)).to.equal(5);
    await writeFile(file, '{"quotas"');
    await until('what is no JSON is refused', () => told.length === 2);
    await rm(file);
    await until('its loss is refused', () => told.length === 3);
    await save({ profile: 'openai', name: 'other', quotas: quotas(6) });
    await until('what cannot change is refused', () => told.length === 4);
    expect(told[3])
      .to.have.property('reason')
      .that.matches(
        /: expected a change of retry, quotas or overrides only, got "name"; other changes need a restart$/,
      );
    await save({ profile: { name: 'openai', hosts: ['api.example'] }, quotas: quotas(7) });
    await until('another option of the profile is refused', () => told.length === 5);
    expect(told[4])
      .to.have.property('reason')
      .that.matches(/got "profile\.hosts"/);
    await save({ profile: { name: 'openai' }, quotas: quotas(8) });
    await until('a valid one is applied', () => told.length === 6);
    expect(limitOf(gate)).to.equal(8);
  });

  for (const [changed, document] of [
    ['maxQueue', { name: 'mine', maxQueue: 5 }],
    ['name', {}],
    ['name, adaptive, redact', { adaptive: false, redact: ['x'], retry: { attempts: 2 } }],
    ['profile', { name: 'mine', profile: { name: 'openai', hosts: ['api.example'] } }],
  ] as const)
    it(`that changes ${changed} while a gate works is refused, and only that is named`, async () => {
      await save({ name: 'mine' });
      const { told } = await followed();
      await save(document);
      await until('the change is refused', () => told.length === 1);
      expect(told[0]).to.have.property('reason').that.includes(`got "${changed}";`);
    });

  it('that is refused warns where nobody listens', async () => {
    const warned = stub(process, 'emitWarning');
    try {
      await save({ quotas: quotas(5) });
      own(headgate({ policy: load({}, true) }));
      await save({ quotas: 3 });
      await until('the warning is given', () => warned.called);
      expect(warned.firstCall.args[0]).to.match(
        /policy\.json was refused, and the previous one stays in force: .*an array of quotas/,
      );
    } finally {
      warned.restore();
    }
  });

  it('that changes loses no call and exceeds no limit', async () => {
    await save({ quotas: [{ name: 'q', match: {}, windows: [{ limit: 50, per: 200 }] }] });
    const { gate, told } = await followed();
    const sent: number[] = [];
    const api = gate.fetch(async () => {
      sent.push(performance.now());
      return new Response('{}');
    });
    const calls = Array.from({ length: 200 }, () => api('https://api.example.com/'));
    await save({ quotas: [{ name: 'q', match: {}, windows: [{ limit: 40, per: 200 }] }] });
    await until('the change is applied', () => told.length === 1);
    expect((await Promise.all(calls)).every(({ status }) => status === 200)).to.equal(true);
    const worst = Math.max(...sent.map((from) => sent.filter((at) => at >= from && at < from + 199).length));
    expect(worst).to.be.at.most(50);
  });
});
