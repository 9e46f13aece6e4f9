import { OptionsError } from '../words/errors.ts';
import type { PolicyDocument } from './document.ts';

/** Options that environment variables may override, by the variable's name. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  HEADGATE_NAME: ['name'],
  HEADGATE_PROFILE: ['profile'],
  HEADGATE_ADAPTIVE: ['adaptive'],
  HEADGATE_MAX_QUEUE: ['maxQueue'],
  HEADGATE_MAX_QUEUE_PER_FLOW: ['maxQueuePerFlow'],
  HEADGATE_RETRY_ATTEMPTS: ['retry', 'attempts'],
  HEADGATE_RETRY_DEADLINE: ['retry', 'deadline'],
  HEADGATE_RETRY_BODY_TIMEOUT: ['retry', 'bodyTimeout'],
  HEADGATE_RETRY_INLINE: ['retry', 'inline'],
  HEADGATE_RETRY_OUTAGE: ['retry', 'outage'],
  HEADGATE_RETRY_BUDGET: ['retry', 'budget'],
  HEADGATE_RETRY_METHODS: ['retry', 'methods'],
  HEADGATE_RETRY_BACKOFF_BASE: ['retry', 'backoff', 'base'],
  HEADGATE_RETRY_BACKOFF_MAX: ['retry', 'backoff', 'max'],
  HEADGATE_RETRY_BACKOFF_JITTER: ['retry', 'backoff', 'jitter'],
};

/** Names of the variables that override a policy. */
const VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

/** Variables whose value stays text, whatever it looks like. */
const TEXTS = new Set(['HEADGATE_NAME', 'HEADGATE_PROFILE']);

/**
 * Applies an environment's variables over a policy. Throws `OptionsError` for an unknown `HEADGATE_RETRY_…`, because a
 * typo would silently change nothing.
 */
export function overridden(
  given: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  let document = given as PolicyDocument;
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || text === '') continue;
    const path = VARIABLES[name];
    if (path) document = withValue(document, path, valueIn(name, text)) as PolicyDocument;
    else if (name.startsWith('HEADGATE_RETRY_'))
      throw new OptionsError(name, text, `one of ${VARIABLE_NAMES.join(', ')}`);
  }
  return document;
}

/** Numbers and booleans are converted; methods such as `GET,PUT` become a list; anything else, such as `30s`, is text. */
function valueIn(name: string, text: string): unknown {
  if (TEXTS.has(name)) return text;
  if (name === 'HEADGATE_RETRY_METHODS') return text.split(',').map((method) => method.trim());
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+(?:\.\d+)?$/.test(text) || text === 'Infinity' ? Number(text) : text;
}

function withValue(given: unknown, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  const under = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  return { ...under, [key]: rest.length > 0 ? withValue(under[key], rest, value) : value };
}
