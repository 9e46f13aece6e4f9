import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket, connect as tcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AnyEvent, type Headgate, headgate } from 'headgate';
import { type RedisOptions, redis } from 'headgate/redis';
import { Redis } from 'ioredis';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { record, sleep } from '../support/server.ts';
import { type Case, together } from '../support/together.ts';

type Admin = (...command: readonly [string, ...(string | number)[]]) => Promise<unknown>;

interface Refusal {
  readonly title: string;
  /** How the ledger connects; default: by URL. */
  readonly source?: (server: RedisServer) => RedisOptions;
  readonly refuse: (admin: Admin, server: RedisServer) => Promise<unknown>;
  /** What the event has to name: the cause, and the remedy. */
  readonly told: readonly RegExp[];
  readonly relent: (admin: Admin, server: RedisServer) => Promise<unknown>;
}

const USER = ['ACL', 'SETUSER', 'app', 'on', '>secret', 'resetchannels', '&*', '~*', '+@all'] as const;
const asUser = (server: RedisServer): RedisOptions => ({
  url: `redis://app:secret@127.0.0.1:${server.port}`,
});
const acl = (title: string, ...rules: string[]): Refusal => ({
  title,
  source: asUser,
  refuse: (admin) => admin(...USER, ...rules),
  told: [/NOPERM|permission|user executing/, /grant the user/],
  relent: (admin) => admin(...USER),
});

const REFUSALS: readonly Refusal[] = [
  acl('no scripting', '-@scripting'),
  acl('no EVALSHA', '-evalsha'),
  acl('no TIME', '-time'),
  acl('no right to write', '-@write'),
  acl('no publishing', '-publish'),
  acl('no subscribing', '-subscribe'),
  acl('no channels', 'resetchannels'),
  acl('no keys', 'resetkeys'),
  acl('no keys but those of the ledger itself', 'resetkeys', '~headgate:*'),
  {
    title: 'a wrong password',
    source: (server) => ({ url: `redis://:wrong@127.0.0.1:${server.port}` }),
    refuse: (admin) => admin('CONFIG', 'SET', 'requirepass', 'right'),
    told: [/WRONGPASS|invalid/, /password/],
    relent: (admin) => admin('ACL', 'SETUSER', 'default', '>wrong'),
  },
  {
    title: 'no password',
    refuse: (admin) => admin('CONFIG', 'SET', 'requirepass', 'right'),
    told: [/NOAUTH/, /password/],
    relent: (admin) => admin('CONFIG', 'SET', 'requirepass', ''),
  },
  {
    title: 'out of memory',
    refuse: (admin) => admin('CONFIG', 'SET', 'maxmemory', '1'),
    told: [/OOM/, /maxmemory/],
    relent: (admin) => admin('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    title: 'a replica',
    refuse: (admin) => admin('REPLICAOF', '127.0.0.1', 1),
    told: [/READONLY/, /primary/],
    relent: (admin) => admin('REPLICAOF', 'NO', 'ONE'),
  },
  {
    title: 'too few replicas',
    refuse: (admin) => admin('CONFIG', 'SET', 'min-replicas-to-write', 1),
    told: [/NOREPLICAS/, /min-replicas-to-write/],
    relent: (admin) => admin('CONFIG', 'SET', 'min-replicas-to-write', 0),
  },
  {
    title: 'a disk that it cannot write',
    refuse: async (admin) => {
      await admin('CONFIG', 'SET', 'dir', '/proc/self');
      await admin('CONFIG', 'SET', 'save', '3600 1');
      await admin('SET', 'anything', 1);
      await admin('BGSAVE');
      while (!String(await admin('INFO', 'persistence')).includes('last_bgsave_status:err')) await sleep(20);
    },
    told: [/MISCONF/, /disk/],
    relent: (admin) => admin('CONFIG', 'SET', 'save', ''),
  },
  {
    title: 'too many clients',
    refuse: (admin) => admin('CONFIG', 'SET', 'maxclients', 1),
    told: [/max number of clients|ECONNRESET|EPIPE/, /maxclients/],
    relent: (admin) => admin('CONFIG', 'SET', 'maxclients', 1000),
  },
  {
    title: "somebody else's keys",
    refuse: (admin) => admin('SET', 'b_{headgate:q|10/200}_settings', 'text'),
    told: [/WRONGTYPE/, /prefix/],
    relent: (admin) => admin('DEL', 'b_{headgate:q|10/200}_settings'),
  },
  {
    title: "somebody else's book",
    refuse: (admin) => admin('SET', 'headgate:fleet', 'text'),
    told: [/WRONGTYPE/, /prefix/],
    relent: (admin) => admin('DEL', 'headgate:fleet'),
  },
  {
    title: 'a database that there is not',
    source: (server) => ({ url: `redis://127.0.0.1:${server.port}/99` }),
    refuse: async () => undefined,
    told: [/DB index/, /database/],
    relent: async () => undefined,
  },
  {
    title: 'nobody there',
    refuse: (_admin, server) => server.kill(),
    told: [/ECONNREFUSED/, /check that it runs there/],
    relent: (_admin, server) => server.run(),
  },
];

interface Told {
  readonly call: () => Promise<unknown>;
  readonly events: AnyEvent[];
  readonly gate: Headgate;
}

function gateTold(source: RedisOptions): Told {
  const gate = headgate({
    ledger: redis({ patience: 200, ...source }),
    quotas: [{ name: 'q', windows: [{ limit: 10, per: 200 }] }],
    retry: { deadline: '30s' },
  });
  const fetch = gate.fetch(async () => new Response());
  return { gate, events: record(gate), call: () => fetch('http://api.test/') };
}

const messages = (events: readonly AnyEvent[], state: 'degraded' | 'restored'): string[] =>
  events.flatMap((event) => (event.type === 'ledger' && event.state === state ? [event.message] : []));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

/** Tries one refusal on a Redis of its own. */
async function onItsOwn(
  test: (server: RedisServer, admin: Admin, gateOf: (source: RedisOptions) => Told) => Promise<void>,
): Promise<void> {
  const server = await RedisServer.start('--enable-protected-configs', 'yes');
  const client = new Redis(server.url);
  client.on('error', () => undefined);
  await client.ping();
  const gates: Headgate[] = [];
  try {
    await test(
      server,
      (...command) => client.call(...(command as [string, ...string[]])),
      (source) => {
        const told = gateTold(source);
        gates.push(told.gate);
        return told;
      },
    );
  } finally {
    await Promise.all(gates.map((gate) => gate.close()));
    client.disconnect();
    await server.kill();
  }
}

function atFirst({ title, source, refuse, told, relent }: Refusal): Case {
  return [
    title,
    () =>
      onItsOwn(async (server, admin, gateOf) => {
        await refuse(admin, server);
        const { gate, call, events } = gateOf(source?.(server) ?? { url: server.url });
        await Promise.all(Array.from({ length: 15 }, call));
        await until(() => messages(events, 'degraded').length > 0);
        const [message] = messages(events, 'degraded');
        for (const pattern of told) expect(message).to.match(pattern);
        if (title.includes('that there is not')) return;
        await relent(admin, server);
        await until(() => messages(events, 'restored').length > 0);
        await Promise.all(Array.from({ length: 25 }, call));
        expect(messages(events, 'restored')).to.have.length(1);
        expect(gate.quotas()[0]).to.include({ queued: 0, inFlight: 0 });
      }),
  ];
}

function laterOn({ title, source, refuse, relent }: Refusal): Case {
  return [
    title,
    () =>
      onItsOwn(async (server, admin, gateOf) => {
        if (source) await admin(...USER);
        const { call, events } = gateOf(source?.(server) ?? { url: server.url });
        await call();
        await refuse(admin, server);
        if (title === 'no password') await admin('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        const calls = Array.from({ length: 15 }, async (_, index) => {
          await sleep(index * 50);
          return call();
        });
        await Promise.all(calls);
        await relent(admin, server);
        if (messages(events, 'degraded').length > 0) {
          await until(() => messages(events, 'restored').length > 0);
        }
        await Promise.all(Array.from({ length: 25 }, call));
      }),
  ];
}

describe('A Redis that refuses', function () {
  this.timeout(60_000);

  before(function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
  });

  describe('at first is told with the cause and the remedy, holds up no call, and is used once it relents', () => {
    together(REFUSALS.map(atFirst));
  });

  describe('later on is told, holds up no call, and is used once it relents', () => {
    const sudden = REFUSALS.filter(
      ({ title }) => !/wrong password|that there is not|max|too many/.test(title),
    );
    together(sudden.map(laterOn));
  });

  it('while it loads its data is told, and is used once it has', () =>
    onItsOwn(async (_server, _admin, gateOf) => {
      const folder = mkdtempSync(join(tmpdir(), 'headgate-loading-'));
      const loading = await RedisServer.start(
        ...['--dir', folder, '--loading-process-events-interval-bytes', '1024'],
      );
      try {
        const filler = new Redis(loading.url);
        await filler.mset(
          ...Array.from({ length: 400 }, (_, index) => [`key${index}`, 'x'.repeat(50)]).flat(),
        );
        await filler.save();
        filler.disconnect();
        await loading.kill();
        const running = loading.run('--key-load-delay', '8000');
        const { gate, call, events } = gateOf({ url: loading.url });
        await until(() => messages(events, 'degraded').length > 0);
        expect(messages(events, 'degraded').at(-1)).to.match(/LOADING|ECONNREFUSED/);
        await until(() => messages(events, 'restored').length > 0);
        await call();
        await running;
        await gate.close();
      } finally {
        await loading.kill();
        rmSync(folder, { recursive: true });
      }
    }));

  it('after a failover behind its address is left for the server that took over', () =>
    onItsOwn(async (redisServer, admin, gateOf) => {
      const successor = await RedisServer.start();
      let target = redisServer.port;
      const sockets = new Set<Socket>();
      const address: Server = createServer((socket) => {
        const onward = tcp(target, '127.0.0.1');
        for (const each of [socket, onward]) {
          sockets.add(each);
          each.on('error', () => undefined);
          each.on('close', () => sockets.delete(each));
        }
        socket.pipe(onward).pipe(socket);
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => address.once('listening', resolve));
      const { port } = address.address() as { port: number };
      const { gate, call, events } = gateOf({ url: `redis://127.0.0.1:${port}` });
      await Promise.all(Array.from({ length: 5 }, call));
      target = successor.port;
      await admin('REPLICAOF', '127.0.0.1', successor.port);
      const calls = Array.from({ length: 40 }, call);
      await until(() => messages(events, 'restored').length > 0);
      await Promise.all(calls);
      expect(messages(events, 'degraded').join()).to.match(/READONLY|lost its data/);
      await gate.close();
      const onSuccessor = new Redis(successor.url);
      expect(await onSuccessor.exists('headgate:fleet')).to.equal(1);
      onSuccessor.disconnect();
      address.close();
      for (const socket of sockets) socket.destroy();
      await successor.kill();
    }));

  it('at the start, or nobody there: takes itself for one of one, and says why', () =>
    onItsOwn(async (redisServer, _admin, gateOf) => {
      await redisServer.kill();
      const { events, call } = gateOf({ url: redisServer.url });
      await call();
      const [message] = messages(events, 'degraded');
      expect(message)
        .to.match(/ECONNREFUSED/)
        .and.to.match(/1\/1 of its limit/);
    }));
});
