/** `each`: reads the values that tell one quota from another. */
import { createHash } from 'node:crypto';
import { isSecretName } from '../events/secret-names.ts';
import type { RequestFacts } from '../words/types.ts';

export const EACH_RULE =
  "an array of 'host', 'method', 'header:<name>', 'query:<name>' or 'param:<name in match.path>'";
/** Form of an entry of `each`. */
export const EACH_FORM: RegExp = /^(?:host|method|(?:header|query|param):.+)$/;
/** Maximum length of a value that is kept as it is; a longer one becomes a digest. */
const MAX_VALUE = 100;
/** Length of a digest, in characters of 6 bits. */
const DIGEST = 22;
/** Maximum number of cached digests. */
const MAX_KNOWN = 1000;

type Read = (request: RequestFacts) => string | undefined;

/** The rule that an entry of `each` breaks, given the quota's path; `undefined` if none. */
export function eachFault(by: string, path: string | undefined): string | undefined {
  const [, name] = /^param:(.+)$/.exec(by) ?? [];
  if (name === undefined) return undefined;
  if (!path?.includes(`{${name}}`)) return `a param that occurs in match.path, such as '/items/{${name}}'`;
  return place(path, name) === undefined
    ? `a param without '**' on both sides of it in match.path`
    : undefined;
}

/** Makes a reader of a request's values, as part of a quota's key. */
export function valuesOf(each: readonly string[], path: string | undefined): Read {
  const readers = each.map((by) => [by, reader(by, path)] as const);
  return (request) => {
    let key = '';
    for (const [by, read] of readers) key += ` ${by}=${read(request) ?? '-'}`;
    return key;
  };
}

function reader(by: string, path = ''): Read {
  if (by === 'host') return ({ url }) => url.host;
  if (by === 'method') return ({ method }) => method;
  const at = by.indexOf(':');
  const name = by.slice(at + 1);
  if (by.startsWith('header')) {
    const lower = name.toLowerCase();
    return ({ headers }) => digested(headers?.[lower]?.toString());
  }
  if (by.startsWith('query')) {
    const shown = isSecretName(name) ? digested : bounded;
    return ({ url }) => shown(url.searchParams.get(name) ?? undefined);
  }
  return param(path, name);
}

/** The value of `{name}` in a path. */
function param(path: string, name: string): Read {
  const { index, segment } = place(path, name) as Place;
  const [before = '', after = ''] = segment.split(`{${name}}`);
  const [head, tail] = [literalEnd(before), literalStart(after)];
  return ({ url }) => {
    const value = url.pathname.split('/').at(index);
    if (value === undefined) return undefined;
    const lower = value.toLowerCase();
    const from = head === '' ? 0 : lower.indexOf(head) + head.length;
    const to = tail === '' ? value.length : lower.indexOf(tail, from + 1);
    return bounded(lower.slice(from, to < 0 ? value.length : to));
  };
}

/** Position of `{name}`: the index of its segment, counted from the end if `**` precedes it. */
interface Place {
  readonly index: number;
  readonly segment: string;
}

function place(path: string, name: string): Place | undefined {
  const segments = path.split('/');
  const index = segments.findIndex((segment) => segment.includes(`{${name}}`));
  const segment = segments[index] as string;
  if (!segments.slice(0, index + 1).some((each) => each.includes('**'))) return { index, segment };
  return segments.slice(index).some((each) => each.includes('**'))
    ? undefined
    : { index: index - segments.length, segment };
}

/** The literal text at the end of a template's part, and at its start. */
function literalEnd(part: string): string {
  return part.slice(Math.max(part.lastIndexOf('}'), part.lastIndexOf('*')) + 1).toLowerCase();
}

function literalStart(part: string): string {
  return (/^[^{*]*/.exec(part)?.[0] ?? '').toLowerCase();
}

function bounded(value: string | undefined): string | undefined {
  return value === undefined || value.length <= MAX_VALUE ? value : digested(value);
}

const known = new Map<string, string>();

/** The digest of a value that may be secret, or is too long to keep. */
function digested(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  let digest = known.get(value);
  if (digest === undefined) {
    digest = `#${createHash('sha256').update(value).digest('base64url').slice(0, DIGEST)}`;
    if (known.size === MAX_KNOWN) known.clear();
    known.set(value, digest);
  }
  return digest;
}
