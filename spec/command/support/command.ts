import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { main } from '../../../lib/command/main.ts';

/** What the command printed, and its exit code. */
export interface Printed {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

function kept(columns: number | undefined): { stream: NodeJS.WriteStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { columns }) as never, text: () => chunks.join('') };
}

/** Runs the command in this process. */
export async function headgateCommand(
  argv: readonly string[],
  { columns, stdin }: { readonly columns?: number; readonly stdin?: string } = {},
): Promise<Printed> {
  const [out, err] = [kept(columns), kept(columns)];
  const input = stdin === undefined ? new PassThrough().end() : Readable.from([stdin]);
  const exit = await main(argv, { stdin: input, stdout: out.stream, stderr: err.stream });
  return { exit, out: out.text(), err: err.text() };
}

/** Runs it with `--json`, and parses what it printed. */
export async function headgateJson<T>(
  argv: readonly string[],
  stdin?: string,
): Promise<T & { readonly exit: number }> {
  const { exit, out, err } = await headgateCommand([...argv, '--json'], stdin === undefined ? {} : { stdin });
  if (err !== '') throw new Error(`Not only JSON was printed: ${err}`);
  return { ...JSON.parse(out), exit };
}

/** A folder of files for one suite, removed after it. */
export function folder(): (name: string, content?: unknown) => string {
  const place = mkdtempSync(path.join(tmpdir(), 'headgate-command-'));
  after(() => rmSync(place, { recursive: true }));
  return (name, content) => {
    const file = path.join(place, name);
    if (content !== undefined)
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
}
