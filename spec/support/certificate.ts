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

let made: Pair | undefined;

/** The pair of this process, of a day's life; nothing where openssl is not installed. */
export function certificate(): Pair | undefined {
  made ??= make();
  return made;
}

function make(): Pair | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const { status } = spawnSync('openssl', [
    ...[
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      ...SUBJECT,
    ],
    ...['-keyout', key, '-out', cert],
  ]);
  const pair = status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
  rmSync(folder, { recursive: true });
  return pair;
}
