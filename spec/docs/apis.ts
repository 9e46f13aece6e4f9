/** The pages of docs/apis, made from the profiles' data. */

import type {
  CodeDefinition,
  ProfileDefinition,
  ProfileFactory,
  QuotaDefinition,
  RequestMatch,
  Sourced,
  WindowDefinition,
} from 'headgate/profiles';
import * as profiles from 'headgate/profiles';

/** Every profile of the book, by the name under which it is exported. */
export const BOOK: readonly [string, ProfileFactory][] = Object.entries(profiles as Record<string, unknown>)
  .filter(
    (entry): entry is [string, ProfileFactory] =>
      typeof entry[1] === 'function' && 'definition' in (entry[1] as object),
  )
  .sort(([, a], [, b]) => (a.definition.title < b.definition.title ? -1 : 1));

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;
const list = <T>(given: T | readonly T[] | undefined): readonly T[] =>
  given === undefined ? [] : ([given].flat() as T[]);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function sourceOf({ sources = {} }: ProfileDefinition, ...facts: readonly Sourced[]): string {
  const fact = facts.find(({ source }) => source !== undefined);
  if (fact?.source === undefined) return '';
  const { url, date } = sources[fact.source] ?? { url: fact.source, date: fact.sourceDate ?? '' };
  return `[${fact.sourceDate ?? date}](${url})`;
}

function requestsOf(match: RequestMatch | readonly RequestMatch[] | undefined): string {
  const texts = list(match).map(({ method, path, host, query }) =>
    [
      list(method).join(', '),
      list(host).map(code).join(', '),
      list(path).map(code).join(', '),
      query === undefined ? '' : `with ${list(query).map(code).join(' or ')}`,
    ]
      .filter(Boolean)
      .join(' '),
  );
  return texts.filter(Boolean).join('; ') || 'all';
}

function limitOf({ limit, per, refill, of = 'requests', zone, when = {}, note }: WindowDefinition): string {
  const amount = `${limit.toLocaleString('en')} ${of}`;
  const span =
    refill === undefined ? `per ${per}${zone ? ` (${zone})` : ''}` : `at once, refilled at ${refill}`;
  const only = Object.entries(when).map(([choice, value]) => `${choice}: ${code(`${value}`)}`);
  return `${amount} ${span}${only.length > 0 ? `, with ${only.join(', ')}` : ''}${note ? ` (${note})` : ''}`;
}

function quotaRow(definition: ProfileDefinition, quota: QuotaDefinition): string[] {
  const {
    name,
    match,
    windows = [],
    concurrency,
    each = [],
    also,
    sharedBy = definition.sharers ?? [],
    note,
    except,
  } = quota;
  const limits = windows.map((window) => {
    const own = window.source === undefined ? '' : ` ${sourceOf(definition, window)}`;
    return `${limitOf(window)}${own}`;
  });
  if (concurrency)
    limits.push(`${concurrency.limit} at once${concurrency.note ? ` (${concurrency.note})` : ''}`);
  return [
    `${name ?? requestsOf(match)}${also ? ' (additional)' : ''}`,
    requestsOf(match) + (except === undefined ? '' : `, except ${requestsOf(except)}`),
    limits.join('; ') || 'learned',
    [...sharedBy, ...each].join(', '),
    sourceOf(definition, quota, ...(concurrency ? [concurrency] : [])),
    note ?? '',
  ];
}

function codeRow(definition: ProfileDefinition, entry: CodeDefinition): string[] {
  const {
    status,
    message,
    header,
    match,
    bare,
    verdict,
    unprocessed,
    wait,
    advice,
    documented = true,
  } = entry;
  const conditions = [
    message && `message ${code(String(message))}`,
    header && `header ${code(header)}`,
    match && requestsOf(match),
    bare && 'no error body',
  ].filter(Boolean);
  return [
    `${list(entry.code).map(code).join(', ')}${documented ? '' : ' *'}`,
    list(status).join(', '),
    conditions.join('; '),
    `${verdict ?? 'by status'}${(unprocessed ?? verdict === 'throttled') ? ', not processed' : ''}${
      wait === undefined ? '' : `, wait ${wait}`
    }`,
    advice,
    sourceOf(definition, entry),
  ];
}

function section(title: string, body: string): string {
  return body === '' ? '' : `\n## ${title}\n\n${body}\n`;
}

/** The page of one profile. */
export function pageOf(exported: string, { definition }: ProfileFactory): string {
  const {
    title,
    docs,
    hosts,
    sharers = [],
    choices = {},
    quotas = [],
    codes = [],
    headers = [],
    notes = [],
  } = definition;
  const {
    waits = [],
    scopes = [],
    resend = [],
    deprecations = [],
    examples = [],
    correlation = [],
    sources = {},
  } = definition;
  const options = [
    ...sharers.map((name) => [code(name), 'identifies a sharer of the quotas']),
    ...Object.entries(choices).map(([name, values]) => [
      code(name),
      `one of ${values.map(code).join(', ')}; default ${code(values[0] as string)}`,
    ]),
  ];
  return [
    `# ${title}`,
    '',
    `<!-- Made from lib/profiles by \`UPDATE_DOCS=1\` mocha spec/docs/apis.spec.ts. Change the profile, not this page. -->`,
    '',
    '```ts',
    "import { headgate } from 'headgate';",
    `import { ${exported} } from 'headgate/profiles';`,
    '',
    `const gate = headgate({ profile: ${exported}() });`,
    '```',
    '',
    `Hosts: ${hosts.map((each) => code(typeof each === 'string' ? each : each.host)).join(', ')}; further ones with \`hosts\`.${
      docs === undefined ? '' : ` [Documentation of the API](${docs}).`
    }`,
    section('Options', table(['option', ''], options)),
    section(
      'Quotas',
      table(
        ['quota', 'requests', 'limits', 'one for each', 'source', ''],
        quotas.map((quota) => quotaRow(definition, quota)),
      ),
    ),
    section(
      'Errors',
      `${table(
        ['code', 'status', 'if', 'verdict', 'advice (`hint`)', 'source'],
        codes.map((entry) => codeRow(definition, entry)),
      )}${codes.some(({ documented }) => documented === false) ? '\n\n\\* Observed, not documented.' : ''}`,
    ),
    section(
      'Wait',
      waits
        .map(
          ({ body, message, unit }) =>
            `- ${body === undefined ? `message ${code(String(message))}` : `body ${code(body)}`} (${unit})`,
        )
        .join('\n'),
    ),
    section('Correlation ID', correlation.map(code).join(', then ')),
    section(
      'Headers',
      table(
        ['header', 'means', 'source'],
        headers.map((each) => [code(each.name), each.means, sourceOf(definition, each)]),
      ),
    ),
    section(
      'Token',
      table(
        ['requests', 'scope'],
        scopes.map(({ scope, ...match }) => [requestsOf(match), code(scope)]),
      ),
    ),
    section(
      'Safe to repeat',
      resend
        .map(
          ({ unlessBody, why, ...match }) =>
            `- ${requestsOf(match)}${unlessBody ? `, unless the body has ${unlessBody.map(code).join(' or ')}` : ''}${why ? `: ${why}` : ''}`,
        )
        .join('\n'),
    ),
    section(
      'Retired',
      deprecations
        .map((each) => `- ${requestsOf(each.match)}: ${each.message} ${sourceOf(definition, each)}`)
        .join('\n'),
    ),
    section(
      'Examples',
      table(
        ['answer', 'to', 'read as', 'source'],
        examples.map((each) => [
          `${each.title} (${each.status})`,
          code(each.request),
          Object.entries(each.reading)
            .filter(([, value]) => value !== undefined && value !== null)
            .map(([field, value]) => `${field} ${code(String(value))}`)
            .join(', '),
          sourceOf(definition, each),
        ]),
      ),
    ),
    section('Notes', notes.map((note) => `- ${note}`).join('\n')),
    section(
      'Sources',
      Object.entries(sources)
        .map(([name, { url, date, note }]) => `- ${name}, ${date}: <${url}>${note ? ` (${note})` : ''}`)
        .join('\n'),
    ),
  ]
    .filter((part, i) => part !== '' || i < 12)
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()
    .concat('\n');
}

/** The units that a profile counts. */
function unitsOf({ quotas = [] }: ProfileDefinition): string {
  const units = quotas.flatMap(({ windows = [], spent = {}, cost = {} }) => [
    ...windows.map(({ of = 'requests' }) => of),
    ...Object.keys(spent),
    ...Object.keys(cost),
  ]);
  return [...new Set(['requests', ...units])].join(', ');
}

/** The page that lists all profiles. */
export function indexPage(): string {
  const rows = BOOK.map(([exported, { definition }]) => {
    const {
      title,
      name,
      quotas = [],
      codes = [],
      correlation = [],
      headers = [],
      deprecations = [],
      sources = {},
    } = definition;
    const limits = quotas.reduce(
      (sum, { windows = [], concurrency }) => sum + windows.length + (concurrency ? 1 : 0),
      0,
    );
    const dates = Object.values(sources)
      .map(({ date }) => date)
      .sort();
    return [
      `[${title}](${name}.md)`,
      code(exported),
      `${quotas.length} (${limits} limits)`,
      unitsOf(definition),
      String(codes.length),
      correlation[0] === undefined ? '' : code(correlation[0]),
      headers
        .map(({ name }) => code(name))
        .slice(0, 3)
        .join(', '),
      deprecations.length > 0 ? 'retirements' : '',
      dates.length === 0 ? '' : `${dates[0]} to ${dates.at(-1)}`,
    ];
  });
  const head = ['API', 'profile', 'quotas', 'units', 'codes', 'ID', 'headers', 'lifecycle', 'facts of'];
  return `# The book of APIs\n\n<!-- Made from lib/profiles by \`UPDATE_DOCS=1\` mocha spec/docs/apis.spec.ts. -->\n\nWhat Headgate knows of each API, with where and when it was read. To correct a fact, or to write a profile of your own: [profiles](../profiles.md).\n\n${table(head, rows)}\n`;
}
