import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { RedisServer } from './redis-server.ts';
import { sleep } from './server.ts';

const NODES = 3;
const SLOTS = 16_384;

/** Three masters of a Redis Cluster of one suite's own. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[];
  readonly #folder: string;

  private constructor(nodes: readonly RedisServer[], folder: string) {
    this.nodes = nodes;
    this.#folder = folder;
  }

  static async start(): Promise<RedisCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'headgate-cluster-'));
    const nodes: RedisServer[] = [];
    for (let index = 0; index < NODES; index += 1) {
      // The port of the bus is 10,000 above its own by default, which may be too high.
      nodes.push(
        await RedisServer.start(
          ...['--cluster-enabled', 'yes', '--cluster-config-file', join(folder, `${index}.conf`)],
          ...['--cluster-port', String(await RedisServer.freePort()), '--cluster-node-timeout', '2000'],
        ),
      );
    }
    const cluster = new RedisCluster(nodes, folder);
    await cluster.#join();
    return cluster;
  }

  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Says this to every node. */
  async tell(...command: readonly [string, ...string[]]): Promise<unknown[]> {
    return Promise.all(
      this.nodes.map(async ({ url }) => {
        const client = new Redis(url);
        const answer = await client.call(...command);
        client.disconnect();
        return answer;
      }),
    );
  }

  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #join(): Promise<void> {
    const clients = this.nodes.map(({ url }) => new Redis(url));
    const [first, ...rest] = clients as [Redis, ...Redis[]];
    for (const [index, client] of clients.entries()) {
      const [from, to] = [index, index + 1].map((each) => Math.floor((each * SLOTS) / NODES)) as [
        number,
        number,
      ];
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const node of this.nodes.slice(1)) {
      await first.call('CLUSTER', 'MEET', '127.0.0.1', node.port, node.option('--cluster-port'));
    }
    const ready = async (client: Redis): Promise<boolean> => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`);
    };
    for (const client of [first, ...rest]) while (!(await ready(client))) await sleep(50);
    for (const client of clients) client.disconnect();
  }
}

/** Whether this redis-server can be a node of a cluster whose bus has a port of its own: 7 or later. */
export const clusterMissing: string | undefined = /v=([7-9]|\d\d)/.test(
  String(spawnSync('redis-server', ['--version']).stdout),
)
  ? undefined
  : 'redis-server 7 or later is not installed: tests that need a cluster are left out';
