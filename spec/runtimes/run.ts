/**
 * The four laws in Node.js 22, 24 and 26, Bun, Deno and workerd (Cloudflare's), each from one file that esbuild makes of the source
 * and the laws. `npm run runtimes` installs the runtimes and runs this.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { lawServer } from './server.ts';

/** Longest that one runtime may take, in ms. */
const PATIENCE_MS = 30_000;

const here = import.meta.dirname;
const folder = await mkdtemp(path.join(tmpdir(), 'headgate-runtimes-'));
const bin = (name: string): string => path.join(here, 'node_modules', '.bin', name);
const node = (major: number): string => path.join(here, 'node_modules', `node${major}`, 'bin', 'node');

async function bundled(entry: string): Promise<string> {
  const outfile = path.join(folder, `${entry}.mjs`);
  await build({
    entryPoints: [path.join(here, `${entry}.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['node:*'],
    logLevel: 'error',
  });
  return outfile;
}

/** Runs a program to its end. Rejects when it fails or takes too long. */
async function run(program: string, ...args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: 'inherit', timeout: PATIENCE_MS });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`ended with ${code ?? signal}`);
}

/** Asks a worker in workerd for what it found. */
async function inWorkerd(script: string, base: string): Promise<void> {
  const config = path.join(folder, 'config.capnp');
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "${path.basename(script)}")],
      compatibilityDate = "2025-09-01",
      compatibilityFlags = ["nodejs_compat"],
      globalOutbound = "loopback",
    )),
    (name = "loopback", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`,
  );
  const child = spawn(bin('workerd'), ['serve', config, '--control-fd=3'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`workerd ended with ${code}`);
  });
  exited.catch(() => undefined);
  try {
    const listening = once(child.stdio[3] as NodeJS.ReadableStream, 'data').then(
      ([data]) => JSON.parse(String(data).split('\n', 1)[0] as string) as { port: number },
    );
    const { port } = await Promise.race([listening, exited]);
    const url = `http://127.0.0.1:${port}/?base=${encodeURIComponent(base)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const lines = response.ok ? ((await response.json()) as string[]) : [await response.text()];
    if (lines.length > 0) throw new Error(lines.join('\n'));
  } finally {
    child.kill();
  }
}

const runtimes: Record<string, (command: string, worker: string, base: string) => Promise<void>> = {
  'Node.js 22': (command, _worker, base) => run(node(22), command, base),
  'Node.js 24': (command, _worker, base) => run(process.execPath, command, base),
  'Node.js 26': (command, _worker, base) => run(node(26), command, base),
  Bun: (command, _worker, base) => run(bin('bun'), command, base),
  Deno: (command, _worker, base) =>
    run(bin('deno'), 'run', '--allow-net', '--allow-env', '--allow-read', '--allow-sys', command, base),
  workerd: (_command, worker, base) => inWorkerd(worker, base),
};

// The whole suite has to load on the oldest Node.js that is supported: no syntax that it lacks.
const mocha = path.join(here, '../../node_modules/mocha/bin/mocha.js');
await run(node(22), mocha, '--reporter=dot', '--dry-run', path.join(here, '../**/*.spec.ts'));

const command = await bundled('command');
const worker = await bundled('worker');
for (const [name, tried] of Object.entries(runtimes)) {
  const server = lawServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await tried(command, worker, base);
    console.log(`${name}: all laws hold`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
await rm(folder, { recursive: true });
