import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Where Redis is missing, its tests say so and are left out. */
export const redisMissing: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not installed (Debian: apt-get install redis-server): tests that need it are left out';

/** A Redis of one suite's own, without any data on disk. */
export class RedisServer {
  readonly port: number;
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }

  /** @param options of the command line, such as `--cluster-enabled yes` */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await RedisServer.freePort(), options);
    await server.run();
    return server;
  }

  static async freePort(): Promise<number> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return port;
  }

  /** A sentinel, with its configuration in a file that it may write. */
  static async startSentinel(file: string): Promise<RedisServer> {
    const server = new RedisServer(await RedisServer.freePort(), [file, '--sentinel']);
    await server.run();
    return server;
  }

  /** Value of an option that it was started with. */
  option(name: string): string {
    return this.#options[this.#options.indexOf(name) + 1] as string;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Runs it, empty. */
  async run(...more: readonly string[]): Promise<void> {
    const port = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', ''];
    const sentinel = this.#options[1] === '--sentinel';
    const own = sentinel
      ? [...this.#options.slice(0, 1), ...port.slice(0, 4), '--sentinel']
      : [...port, ...this.#options, ...more];
    const child = spawn('redis-server', own);
    this.#process = child;
    for await (const chunk of child.stdout) {
      if (/Ready to accept connections|monitor master/.test(String(chunk))) break;
    }
  }

  /** Ends it at once, with all its data. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Stops it from answering, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#process?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }
}
