/**
 * The JSON Schema of a policy, made of the schema by which `loadPolicy()` checks one: `npm run schema` writes it. What
 * editors show about an option is the comment of its type.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import { documentSchema } from '../../lib/policy-file/document.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** The published file. */
export const SCHEMA: string = path.join(ROOT, 'policy.schema.json');

type Json = { [key: string]: unknown };

/** A pattern in the terms of JSON Schema, which knows no flags. */
function patternOf({ source, flags }: RegExp): string {
  if (flags === '') return source;
  if (flags !== 'i' || /\\[a-zA-Z]/.test(source.replaceAll(/\\d/g, '')))
    throw new Error(`No pattern: ${source}`);
  const either = (letter: string): string => `${letter.toLowerCase()}${letter.toUpperCase()}`;
  return source.replaceAll(/\[a-z\]|\\d|[a-z]/gi, (part) => {
    if (part === '[a-z]') return '[a-zA-Z]';
    return part === '\\d' ? part : `[${either(part)}]`;
  });
}

function allOf(schema: Json, one: Json): Json {
  return { ...schema, allOf: [...((schema.allOf as Json[] | undefined) ?? []), one] };
}

const overrideAction: NonNullable<ConversionConfig['overrideAction']> = ({ valibotAction, jsonSchema }) => {
  const action = valibotAction as unknown as { type: string; requirement?: unknown; unlike?: RegExp };
  const schema = jsonSchema as Json;
  if (action.unlike) return allOf(schema, { not: { pattern: patternOf(action.unlike) } }) as never;
  if (action.type === 'regex') {
    const pattern = patternOf(action.requirement as RegExp);
    const first = schema.pattern === undefined || schema.pattern === (action.requirement as RegExp).source;
    return (first ? { ...schema, pattern } : allOf(schema, { pattern })) as never;
  }
  // Numbers of JSON are finite; what a check says about several values stands in metadata beside it, or in UNSAID.
  return ['finite', 'check', 'raw_check', 'transform'].includes(action.type) ? jsonSchema : undefined;
};

/** No JSON holds a function. */
const overrideSchema: NonNullable<ConversionConfig['overrideSchema']> = ({ valibotSchema }) =>
  valibotSchema.type === ('function' as string) ? ({ not: {} } as never) : undefined;

const isNever = (schema: unknown): boolean => JSON.stringify(schema) === '{"not":{}}';

/** Drops what nothing can be, and says what each option is. */
function tidy(schema: unknown, docs: Docs | undefined): unknown {
  if (Array.isArray(schema)) return schema.map((each) => tidy(each, docs));
  if (typeof schema !== 'object' || schema === null) return schema;
  const tidied: Json = {};
  for (const [key, value] of Object.entries(schema as Json)) {
    if (key === 'anyOf' || key === 'oneOf') {
      const left = (value as unknown[]).filter((each) => !isNever(each)).map((each) => tidy(each, docs));
      if (left.length === 1) Object.assign(tidied, left[0]);
      else tidied[key] = left;
    } else if (key === 'properties' && (schema as Json).type === 'object') {
      const properties = Object.entries(value as Json).filter(([, each]) => !isNever(each));
      tidied.properties = Object.fromEntries(
        properties.map(([name, each]) => {
          const { text, inner } = docs?.[name] ?? {};
          return [
            name,
            { ...(text !== undefined && { description: text }), ...(tidy(each, inner?.()) as Json) },
          ];
        }),
      );
    } else if (key === 'required' && (value as unknown[]).length === 0) continue;
    else tidied[key] = ['items', 'additionalProperties'].includes(key) ? tidy(value, docs) : value;
  }
  return tidied;
}

interface Docs {
  readonly [name: string]: { readonly text?: string | undefined; readonly inner?: (() => Docs) | undefined };
}

/** The comments of the members of an interface, or of all types of a file. */
function docsOf(file: string, name?: string, inner: Record<string, () => Docs> = {}): Docs {
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  const of = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`);
  const [, block = ''] = name === undefined ? [file, source] : (of.exec(source) ?? []);
  const docs: Record<string, Docs[string]> = {};
  for (const [, comment = '', member = ''] of block.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\$?\w+)\??:/g,
  )) {
    const text = comment
      .replaceAll(/\n\s*\*/g, '\n')
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/\{@link (\w+)\}/g, '$1')
      .trim();
    docs[member] = { text, inner: inner[member] };
  }
  return docs;
}

const OPTIONS = 'lib/options/types.ts';
const backoff = (): Docs => docsOf('lib/policy/policy.ts', 'RetryOptions');
const retry = (): Docs => docsOf('lib/policy/policy.ts', 'RetryOptions', { backoff });
const match = (): Docs => docsOf(OPTIONS, 'QuotaMatch');
const quotas = (): Docs =>
  docsOf(OPTIONS, 'QuotaOptions', { match, windows: () => docsOf(OPTIONS, 'WindowOptions') });
const overrides = (): Docs =>
  docsOf(OPTIONS, 'OverrideOptions', {
    retry,
    match: () => ({ ...match(), ...docsOf(OPTIONS, 'OverrideMatch') }),
  });
const profile = (): Docs => docsOf('lib/profiles/define/options.ts');

/** The text of the published file. */
export function policySchema(): string {
  const { $schema, ...schema } = toJsonSchema(documentSchema, {
    target: 'draft-07',
    typeMode: 'input',
    overrideAction,
    overrideSchema,
  }) as Json;
  const docs: Docs = {
    ...docsOf(OPTIONS, 'HeadgateOptions', { retry, quotas, overrides }),
    ...docsOf('lib/policy-file/document.ts', 'PolicyDocument', { profile }),
  };
  const head = {
    $schema,
    title: 'A policy of Headgate',
    description: 'What loadPolicy() of headgate/policy reads.',
  };
  return `${JSON.stringify({ ...head, ...(tidy(schema, docs) as Json) }, undefined, 2)}\n`;
}

if (process.argv[1] === import.meta.filename && process.argv[2] === '--write')
  writeFileSync(SCHEMA, policySchema());
