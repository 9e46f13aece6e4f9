import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AnyEvent, type Headgate, headgate } from 'headgate';
import { type RedisOptions, redis } from 'headgate/redis';
import * as ioredis5 from 'ioredis';
import * as ioredis6 from 'ioredis6';
import { certificate } from '../support/certificate.ts';
import { type CountingServer, countingServer, worst } from '../support/fleet.ts';
import { clusterMissing, RedisCluster } from '../support/redis-cluster.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { record, sleep } from '../support/server.ts';
import { type Case, together } from '../support/together.ts';

const LIMIT = 6;
const PER = 400;

/** Settings of a user's client that change what commands answer, or whether they are sent. */
const SETTINGS: Record<string, object> = {
  stringNumbers: { stringNumbers: true },
  keyPrefix: { keyPrefix: 'app:' },
  enableAutoPipelining: { enableAutoPipelining: true },
  lazyConnect: { lazyConnect: true },
  readOnly: { readOnly: true },
  'a database': { db: 3 },
  showFriendlyErrorStack: { showFriendlyErrorStack: true },
  maxRetriesPerRequest: { maxRetriesPerRequest: 0 },
  commandTimeout: { commandTimeout: 1 },
  'no offline queue': { enableOfflineQueue: false },
  'no ready check': { enableReadyCheck: false },
  'no reconnection': {
    retryStrategy: () => null,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  },
  scripts: { scripts: { register: { lua: 'return 1', numberOfKeys: 0 }, init: { lua: 'return 1' } } },
  monitor: { monitor: true },
};

/** A gate, and what it told. */
interface Told {
  readonly gate: Headgate;
  readonly events: AnyEvent[];
}

function gateTold(options: RedisOptions, name: string): Told {
  const gate = headgate({
    ledger: redis(options),
    quotas: [{ name, windows: [{ limit: LIMIT, per: PER }] }],
    retry: { deadline: '20s' },
  });
  return { gate, events: record(gate) };
}

/** Two gates on one quota, each as another process would have it: within the limit, and nothing goes wrong. */
async function shares(
  options: () => RedisOptions,
  name = 'q',
  beforeTheyClose?: () => Promise<void>,
): Promise<void> {
  const server = await countingServer();
  const both = [gateTold(options(), name), gateTold(options(), name)];
  try {
    const calls = both.flatMap(({ gate }) =>
      Array.from({ length: 10 }, async () => (await gate.fetch()(server.url)).text()),
    );
    await Promise.all(calls);
    expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
    expect(server.hits).to.have.length(20);
    expect(both.flatMap(({ events }) => events).filter(({ type }) => type === 'ledger')).to.deep.equal([]);
    await both[0]?.gate.fetch()(server.url);
    await beforeTheyClose?.();
  } finally {
    await Promise.all(both.map(({ gate }) => gate.close()));
    await server.close();
  }
}

for (const [major, { Redis, Cluster }] of [
  ['5', ioredis5],
  ['6', ioredis6 as unknown as typeof ioredis5],
] as const) {
  describe(`Which Redis a ledger uses, and how, ioredis ${major}`, function () {
    this.timeout(60_000);
    let server: CountingServer;
    let gates: Headgate[];

    before(function () {
      if (redisMissing) {
        console.log(`    ${redisMissing}`);
        this.skip();
      }
    });
    beforeEach(async () => {
      server = await countingServer();
      gates = [];
    });
    afterEach(async () => {
      await Promise.all(gates.map((gate) => gate.close()));
      await server.close();
    });

    function gateOf(options: RedisOptions, name = 'q'): Told {
      const told = gateTold(options, name);
      gates.push(told.gate);
      return told;
    }

    describe('of a client', () => {
      let redisServer: RedisServer;
      before(async () => {
        redisServer = await RedisServer.start();
      });
      after(() => redisServer?.kill());

      together([
        ...Object.entries(SETTINGS).map(
          ([title, settings]): Case => [
            `takes nothing but how to connect: ${title}`,
            async () => {
              const client = new Redis(redisServer.url, { lazyConnect: true, ...settings });
              client.on('error', () => undefined);
              await shares(() => ({ client }), title);
              client.disconnect();
            },
          ],
        ),
        [
          'takes the database, the user and the password',
          async () => {
            const admin = new Redis(redisServer.url, { db: 2 });
            await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '+@all', '~*', '&*');
            const client = new Redis({
              port: redisServer.port,
              username: 'app',
              password: 'secret',
              db: 2,
              lazyConnect: true,
            });
            await shares(
              () => ({ client }),
              'q',
              async () => {
                expect(await admin.keys('headgate:fleet')).to.have.length(1);
                expect(String(await admin.client('LIST'))).to.include('user=app');
              },
            );
            admin.disconnect();
            client.disconnect();
          },
        ],
      ]);
    });

    describe('over TLS', () => {
      const pair = certificate();
      let redisServer: RedisServer;
      let folder: string;
      before(async function () {
        if (!pair) return this.skip();
        folder = mkdtempSync(join(tmpdir(), 'headgate-tls-'));
        writeFileSync(join(folder, 'key.pem'), pair.key);
        writeFileSync(join(folder, 'cert.pem'), pair.cert);
        redisServer = await RedisServer.start(
          ...['--tls-port', String(await RedisServer.freePort()), '--tls-auth-clients', 'no'],
          ...['--tls-key-file', join(folder, 'key.pem'), '--tls-cert-file', join(folder, 'cert.pem')],
          ...['--tls-ca-cert-file', join(folder, 'cert.pem')],
        ).catch(() => this.skip());
      });
      after(async () => {
        await redisServer?.kill();
        if (folder) rmSync(folder, { recursive: true });
      });

      it('trusts whom it is told to, by URL and by client', async () => {
        const url = `rediss://localhost:${redisServer.option('--tls-port')}`;
        const tls = { ca: pair?.cert };
        const client = new Redis(url, { tls, lazyConnect: true });
        await Promise.all([shares(() => ({ url, tls }), 'url'), shares(() => ({ client }), 'client')]);
        client.disconnect();
      });

      it('tells why, where it cannot trust the server', async () => {
        const { events } = gateOf({ url: `rediss://localhost:${redisServer.option('--tls-port')}` });
        while (!events.some(({ type }) => type === 'ledger')) await sleep(20);
        const [told] = events.filter((event) => event.type === 'ledger');
        expect(told?.message)
          .to.match(/certificate/)
          .and.to.match(/'tls'/);
      });
    });

    describe('by sentinels', () => {
      let redisServer: RedisServer;
      let sentinel: RedisServer;
      let folder: string;
      before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'headgate-sentinel-'));
        redisServer = await RedisServer.start();
        const file = join(folder, 'sentinel.conf');
        writeFileSync(file, `sentinel monitor group 127.0.0.1 ${redisServer.port} 1\n`);
        sentinel = await RedisServer.startSentinel(file);
      });
      after(async () => {
        await sentinel?.kill();
        await redisServer?.kill();
        rmSync(folder, { recursive: true });
      });

      it('finds the primary', async () => {
        const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
        const client = new Redis({ sentinels, name: 'group', role: 'slave', lazyConnect: true });
        await Promise.all([
          shares(() => ({ sentinels, name: 'group' }), 'nodes'),
          shares(() => ({ client }), 'client'),
        ]);
        client.disconnect();
      });
    });

    describe('a cluster', () => {
      let cluster: RedisCluster;
      before(async function () {
        if (clusterMissing) {
          console.log(`    ${clusterMissing}`);
          this.skip();
        }
        cluster = await RedisCluster.start();
      });
      after(() => cluster?.kill());
      afterEach(() => cluster.tell('FLUSHALL'));

      it('by its nodes', () => shares(() => ({ cluster: cluster.addresses })));

      it('by a client, of whose settings nothing counts but how to connect', async () => {
        const client = new Cluster(cluster.addresses, {
          lazyConnect: true,
          scaleReads: 'slave',
          keyPrefix: 'app:',
          enableAutoPipelining: true,
          enableOfflineQueue: false,
          redisOptions: { stringNumbers: true, commandTimeout: 1 },
        });
        await shares(() => ({ client }));
        client.disconnect();
      });

      it('spreads its quotas, and keeps each of them in one slot', async () => {
        const gate = headgate({
          ledger: redis({ cluster: cluster.addresses }),
          quotas: Array.from({ length: 12 }, (_, index) => ({
            name: `{q}}${index}{`,
            match: { path: `/${index}` },
            windows: [{ limit: 3, per: '1m' }],
          })),
        });
        gates.push(gate);
        const events = record(gate);
        const fetch = gate.fetch(async () => new Response());
        await Promise.all(Array.from({ length: 12 }, (_, index) => fetch(`http://api.test/${index}`)));
        const sizes = (await cluster.tell('DBSIZE')) as number[];
        for (const size of sizes) expect(size).to.be.above(4);
        expect(events.filter(({ type }) => type === 'ledger')).to.deep.equal([]);
      });

      it('tells all of a pause, on whichever node they listen', async () => {
        const options = { cluster: cluster.addresses };
        const [one, other] = [gateOf(options), gateOf(options)];
        await Promise.all([one, other].map(({ gate }) => gate.fetch()(server.url)));
        const refusing = one.gate.fetch(
          async () => new Response('', { status: 429, headers: { 'retry-after': '30' } }),
        );
        const refused = refusing(server.url, { headgate: { deadline: '1s' } } as never).catch(
          () => undefined,
        );
        while (!other.events.some(({ type }) => type === 'pause')) await sleep(20);
        const late = gateOf(options);
        await late.gate
          .fetch()(server.url, { headgate: { deadline: '1s' } } as never)
          .catch(() => undefined);
        expect(late.events.find(({ type }) => type === 'pause')).to.include({ cause: 'peer' });
        await refused;
      });

      it('is told to be one, where a plain client meets it', async () => {
        const { events } = gateOf({ url: (cluster.nodes[0] as RedisServer).url }, 'plain');
        const calls = Array.from({ length: 3 }, (_, index) =>
          gateOf({ url: cluster.nodes[index]?.url as string }),
        );
        while (![events, ...calls.map((each) => each.events)].flat().some(({ type }) => type === 'ledger')) {
          await sleep(20);
        }
        const told = [events, ...calls.map((each) => each.events)]
          .flat()
          .find((event) => event.type === 'ledger');
        expect((told as { message: string }).message)
          .to.match(/MOVED/)
          .and.to.match(/'cluster'/);
      });

      it('goes on within the limit when a node loses its data', async () => {
        const options = { cluster: cluster.addresses };
        const [one, other] = [gateOf(options, 'lossy'), gateOf(options, 'lossy')];
        const calls = [one, other].flatMap(({ gate }) =>
          Array.from({ length: 30 }, async () => (await gate.fetch()(server.url)).text()),
        );
        await sleep(PER * 2);
        await cluster.tell('FLUSHALL');
        await Promise.all(calls);
        expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
        expect(server.hits).to.have.length(60);
      });
    });
  });
}
