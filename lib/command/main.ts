import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Command, CommanderError, Option } from 'commander';
import { OptionsError } from '../index.ts';
import { type Answer, EXIT, OutsideError, type Surroundings } from './answer.ts';
import { widthOf, wrapped } from './output.ts';
import { simulate } from './simulate/index.ts';

/** Where the command reads and writes. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number | undefined };
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number | undefined };
}

type Subcommand = (...given: never[]) => Promise<Answer> | Answer;

/** Runs the command and returns its exit code. Throws nothing. */
export async function main(argv: readonly string[], streams: Streams = process): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  const surroundings: Surroundings = { width: widthOf(stdout), stdin: () => text(stdin) };
  const json = argv.includes('--json');
  let exit: number = EXIT.OK;
  const program = programOf(async (subcommand, given) => {
    const answer = await subcommand(...([...given, surroundings] as never[]));
    stdout.write(`${json ? JSON.stringify(answer.json, null, 2) : answer.text}\n`);
    exit = answer.exit;
  });
  const told: string[] = [];
  for (const each of [program, ...program.commands])
    each.exitOverride().configureOutput({
      writeOut: (line) => stdout.write(line),
      writeErr: (line) => (json ? told.push(line) : stderr.write(line)),
      getOutHelpWidth: () => surroundings.width,
      getErrHelpWidth: () => surroundings.width,
    });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.OK;
    const failure = failureOf(error, told);
    if (json) stdout.write(`${JSON.stringify({ error: failure.json }, null, 2)}\n`);
    else if (failure.text !== '') stderr.write(`${wrapped(failure.text, widthOf(stderr))}\n`);
    return failure.exit;
  }
}

/** What is told of an error. commander has told of its own, unless JSON is wanted. */
function failureOf(error: unknown, told: readonly string[]): Answer {
  if (error instanceof CommanderError)
    return {
      json: { code: 'USAGE', message: told.join('').trim() || error.message },
      text: '',
      exit: EXIT.USAGE,
    };
  const { message, stack } = error as Error;
  if (error instanceof OptionsError)
    return { json: { code: error.code, option: error.option, message }, text: message, exit: EXIT.USAGE };
  if (error instanceof OutsideError)
    return { json: { code: 'OUTSIDE', message }, text: message, exit: EXIT.OUTSIDE };
  return { json: { code: 'UNEXPECTED', message }, text: stack ?? message, exit: EXIT.OUTSIDE };
}

const collected = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** The command line: names, arguments, help. `act` runs what was asked for. */
function programOf(act: (subcommand: Subcommand, given: readonly unknown[]) => Promise<void>): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('headgate')
    .description('Tries, checks and explains policies for rate-limited HTTP APIs.')
    .version(version, '-v, --version')
    .showHelpAfterError('(add --help for the options)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 done, and the answer is no; 2 called wrongly; 3 something outside failed.',
    );
  const add = (name: string, description: string, subcommand: Subcommand): Command =>
    program
      .command(name)
      .description(description)
      .option('--json', 'print JSON')
      .action((...given: unknown[]) => act(subcommand, given.slice(0, -1)));

  add(
    'simulate <policy.json>',
    'Runs the library under a policy against a simulated API: hours of traffic in seconds.',
    simulate,
  )
    .option(
      '--quota <limit/time>',
      "a limit of the API: '45/1m', '30/1m GET /search/**'; repeatable (default: those of the policy)",
      collected,
    )
    .addOption(
      new Option('--kind <kind>', 'how the API counts')
        .choices(['fixed', 'rolling', 'bucket'])
        .default('fixed'),
    )
    .addOption(
      new Option(
        '--tell <where>',
        "where a 429 names the wait (default: in the manner of the policy's profile, or header)",
      ).choices(['header', 'precise', 'message', 'silent']),
    )
    .option('--calls <count>', 'number of calls', '1000')
    .option('--rate <count/time>', "pace at which calls begin: '10/1s' (default: all at once)")
    .option('--concurrency <count>', 'most calls open at once (default: no limit)')
    .option(
      '--request <request>',
      "'GET https://api.example.com/items/{n}', {n} is the call's number; repeatable (default: one of the policy's first quota)",
      collected,
    )
    .option('--latency <time>', "time of an answer: '200ms', '100ms-300ms'", '100ms')
    .option(
      '--capacity <count>',
      'most requests the API carries at once; further ones get a 503 (default: no limit)',
    )
    .option(
      '--faults <list>',
      "'500:1%,reset:0.5%,hang:0.1%,truncate:1%', 'outage:30s@5m'; repeatable",
      collected,
    )
    .option('--deadline <time>', "replaces the policy's retry.deadline")
    .option('--seed <number>', 'seed of the random numbers', '1')
    .option('--compare <other.json>', 'runs another policy on the same work, and says which is better')
    .option('--report <file.html>', 'writes a page of the run');
  return program;
}
