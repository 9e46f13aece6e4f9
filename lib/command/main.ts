import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Command, CommanderError, Option } from 'commander';
import { OptionsError } from '../index.ts';
import { type Answer, EXIT, OutsideError, type Surroundings } from './answer.ts';
import { check } from './check/index.ts';
import { explain } from './explain.ts';
import { widthOf, wrapped } from './output.ts';
import { probe } from './probe/index.ts';
import { report } from './report.ts';
import { simulate } from './simulate/index.ts';

/** Where the command reads and writes. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number | undefined };
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number | undefined };
}

type Subcommand = (...given: never[]) => Promise<Answer> | Answer;

/** Minimum width of a column of help, in columns. */
const MIN_HELP = 12;

/** Runs the command and returns its exit code. Throws nothing. */
export async function main(argv: readonly string[], streams: Streams = process): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  const json = argv.includes('--json');
  const surroundings: Surroundings = {
    width: widthOf(stdout),
    stdin: () => text(stdin),
    aside: (line) => {
      if (!json) stderr.write(`${line}\n`);
    },
  };
  let exit: number = EXIT.OK;
  const program = programOf(async (subcommand, given) => {
    const answer = await subcommand(...([...given, surroundings] as never[]));
    const shown = json ? JSON.stringify(answer.json, null, 2) : answer.text;
    if (shown !== '') stdout.write(`${shown}\n`);
    exit = answer.exit;
  });
  const usageErrors: string[] = [];
  for (const each of [program, ...program.commands])
    each
      .exitOverride()
      .configureHelp({ minWidthToWrap: MIN_HELP })
      .configureOutput({
        writeOut: (line) => stdout.write(line),
        writeErr: (line) => (json ? usageErrors.push(line) : stderr.write(line)),
        getOutHelpWidth: () => surroundings.width,
        getErrHelpWidth: () => surroundings.width,
      });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.OK;
    const failure = failureOf(error, usageErrors);
    if (json) stdout.write(`${JSON.stringify({ error: failure.json }, null, 2)}\n`);
    else if (failure.text !== '') stderr.write(`${wrapped(failure.text, widthOf(stderr))}\n`);
    return failure.exit;
  }
}

/** The output for an error. commander prints its own errors, unless JSON is requested. */
function failureOf(error: unknown, usageErrors: readonly string[]): Answer {
  if (error instanceof CommanderError)
    return {
      json: { code: 'USAGE', message: usageErrors.join('').trim() || error.message },
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

/** The command line: names, arguments, help. `act` runs the chosen subcommand. */
function programOf(act: (subcommand: Subcommand, given: readonly unknown[]) => Promise<void>): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('headgate')
    .description('Tries, checks and explains policies for rate-limited HTTP APIs.')
    .version(version, '-v, --version')
    .option('--json', 'print JSON')
    .showHelpAfterError('(add --help for the options)')
    .addHelpText(
      'after',
      '\nExit codes:\n  0  done\n  1  done, and the answer is no\n  2  wrong usage\n  3  external failure',
    );
  const add = (name: string, summary: string, description: string, subcommand: Subcommand): Command =>
    program
      .command(name)
      .summary(summary)
      .description(description)
      .option('--json', 'print JSON')
      .action((...given: unknown[]) => act(subcommand, given.slice(0, -1)));

  add(
    'simulate <policy.json>',
    'try a policy on a simulated API',
    'Runs the library under a policy against a simulated API: hours of traffic in seconds.',
    simulate,
  )
    .option(
      '--quota <limit/time>',
      "a limit of the API: '45/1m', '30/1m GET /search/**'; repeatable (default: the policy's)",
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
        "where a 429 names the wait (default: as the policy's profile does, or header)",
      ).choices(['header', 'precise', 'message', 'silent']),
    )
    .option('--calls <count>', 'number of calls', '1000')
    .option('--rate <count/time>', "pace at which calls start: '10/1s' (default: all at once)")
    .option('--concurrency <count>', 'maximum number of open calls (default: no limit)')
    .option(
      '--request <request>',
      "'GET https://example.com/{n}', where {n} is the call's number; repeatable (default: one for the policy's first quota)",
      collected,
    )
    .option('--latency <time>', "time of an answer: '200ms', '100ms-300ms'", '100ms')
    .option(
      '--capacity <count>',
      'maximum number of requests that the API handles at once; further ones get a 503 (default: no limit)',
    )
    .option(
      '--faults <list>',
      'a list of faults and shares: 500:1%, reset:1%, hang:1%, truncate:1%, or outage:30s@5m; repeatable',
      collected,
    )
    .option('--deadline <time>', "replaces the policy's retry.deadline")
    .option(
      '--start <date>',
      'start of the simulated time, for limits per day or month (default: 2026-01-01, UTC)',
    )
    .option('--seed <number>', 'seed of the random numbers', '1')
    .option('--compare <other.json>', 'run another policy on the same work, and say which is better')
    .option('--report <file.html>', 'write a page of the run');

  add(
    'check <policy.json>',
    'is a policy valid, and what does it mean?',
    'Reports whether a policy is valid, what it means, and what looks doubtful.',
    check,
  );

  add(
    'explain <what>',
    'how is an answer read, and what follows?',
    'Explains an answer: a status, a code, or a file with a body or { status, headers, body }; - for standard input.',
    explain,
  )
    .option(
      '--profile <profile>',
      'profile of the API: its name, or JSON with its name and options (default: generic)',
    )
    .option('--policy <policy.json>', 'policy whose profile and retries apply')
    .option('--request <request>', "the request that was answered: 'POST https://api.example.com/items'")
    .option('--status <status>', 'status that came with a code or a body')
    .option('--header <header>', "a header of the answer: 'retry-after: 30'; repeatable", collected);

  add(
    'report <record.jsonl>',
    'draw a record as a page',
    'Draws a record that record(gate, { file }) wrote as one HTML page.',
    report,
  )
    .option('-o, --output <file.html>', "path of the page (default: the record's, with .html)")
    .option('--title <title>', 'title of the page');

  add(
    'probe <url>',
    "learn an endpoint's limits",
    'Learns the limits of an endpoint within a budget of requests, and prints a policy that declares them; messages go to standard error. Probe only what you are allowed to load.',
    probe,
  )
    .requiredOption('--requests <count>', 'maximum number of requests, including refused ones')
    .option('--for <time>', 'maximum duration', '2m')
    .option('--method <method>', 'GET, HEAD or OPTIONS (default: GET)')
    .option('--header <header>', "a header of each request: 'authorization: Bearer …'; repeatable", collected)
    .option('--concurrency <count>', 'maximum number of requests in flight', '10');
  return program;
}
