import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and its certificate, for a server on loopback. */
export interface Pair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

const SUBJECT = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];

/** A pair of a day's life; nothing where openssl is not installed. */
export function certificate(): Pair | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...SUBJECT],
    ...['-keyout', key, '-out', cert],
  ]);
  const pair = made.status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
  rmSync(folder, { recursive: true });
  return pair;
}
