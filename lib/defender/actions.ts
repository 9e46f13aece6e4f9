import { isObject } from '../classify/error-body.ts';
import { OptionsError } from '../words/errors.ts';
import type { Duration } from '../words/types.ts';
import { ask, type Client, RefusedError } from './ask.ts';
import { durationOf, Term, type TermOptions } from './term.ts';

/** A machine action, as the API describes it. */
export interface MachineAction {
  /** Its ID, by which it is looked at. */
  readonly id: string;
  /** Such as `Isolate`. */
  readonly type: string;
  /** `Pending`, `InProgress`, `Succeeded`, `Failed`, `TimeOut` or `Cancelled`. */
  readonly status: string;
  /** The device that it is for. */
  readonly machineId?: string | undefined;
  readonly [field: string]: unknown;
}

/** Statuses after which an action does not change. https://learn.microsoft.com/defender-endpoint/api/machineaction */
const FINAL: ReadonlySet<string> = new Set(['Succeeded', 'Failed', 'TimeOut', 'Cancelled']);
/** Wait before the first look at an action, and the longest, in ms, and by how much each is longer than the one before. */
const FIRST_MS = 2000;
const LONGEST_MS = 60_000;
const GROWTH = 1.5;

/** A machine action ended otherwise than by success. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
  /** The action, as it was seen last. */
  readonly action: MachineAction;

  constructor(action: MachineAction) {
    super(`The action ${action.type} ended as ${action.status}`);
    this.action = action;
  }
}

/** Options of `pollAction()`. */
export interface PollOptions extends TermOptions {
  /**
   * Wait between two looks: ms, or text. Default: 2 s, then 1.5 times as long each time, up to 60 s, so that many actions do
   * not use the quota up that others need.
   */
  readonly every?: Duration | undefined;
  /** Called after each look. */
  readonly onProgress?: ((action: MachineAction) => void) | undefined;
}

/**
 * Looks at a machine action until it has ended, and gives it once it has succeeded.
 *
 * @param url address of the action: `…/api/machineactions/{id}`
 * @throws `OptionsError`; {@link ActionError} if it ends otherwise; `DeadlineError` as soon as the next look would come after
 *   `deadline`; {@link RefusedError}; and what the client throws
 */
export async function pollAction(
  client: Client,
  url: string | URL,
  options: PollOptions = {},
): Promise<MachineAction> {
  if (!URL.canParse(String(url))) throw new OptionsError('url', url, 'an absolute URL');
  const every = durationOf('every', options.every);
  const term = new Term(options);
  for (let wait = every ?? FIRST_MS; ; wait = every ?? Math.min(LONGEST_MS, wait * GROWTH)) {
    const action = actionOf(await ask(client, { url: String(url), ...term.next() }));
    options.onProgress?.(action);
    if (action.status === 'Succeeded') return action;
    if (FINAL.has(action.status)) throw new ActionError(action);
    await term.rest(wait);
  }
}

/** The request that starts an action. */
export interface ActionRequest {
  /** Address of the action of a machine: `…/api/machines/{id}/isolate`. */
  readonly url: string | URL;
  /** Its parameters, whose names are case-sensitive: `{ Comment, IsolationType }`. */
  readonly body: unknown;
}

/** An action that runs. */
export interface StartedAction {
  /** The action, as it was seen when it was started or found. */
  readonly action: MachineAction;
  /** True if it was pending already, asked for by somebody else. */
  readonly adopted: boolean;
}

/** Code of a refusal because the same action is pending: https://learn.microsoft.com/defender-endpoint/api/run-live-response */
const PENDING = 'ActiveRequestAlreadyExists';
const MACHINE = /^(.*\/machines\/)([^/]+)\/(\w+)\/?$/i;

/**
 * Starts a machine action; if the same is pending on this machine, which the API refuses, gives that one. An action that
 * ends between the refusal and the look at the list leaves the refusal.
 *
 * @throws `OptionsError`; {@link RefusedError}; and what the client throws
 * @example
 * const { action } = await adoptAction(fetch, { url: `${api}/api/machines/${id}/isolate`, body: { Comment, IsolationType: 'Full' } });
 * await pollAction(fetch, `${api}/api/machineactions/${action.id}`, { deadline: '30m' });
 */
export async function adoptAction(
  client: Client,
  { url, body }: ActionRequest,
  options: TermOptions = {},
): Promise<StartedAction> {
  const target = URL.canParse(String(url)) ? new URL(url) : undefined;
  const [, root = '', machine = '', verb = ''] = MACHINE.exec(target?.pathname ?? '') ?? [];
  if (target === undefined || machine === '') {
    throw new OptionsError('url', url, 'the address of an action of a machine: …/api/machines/{id}/isolate');
  }
  const term = new Term(options);
  try {
    const started = await ask(client, { method: 'POST', url: target.href, json: body, ...term.next() });
    return { action: actionOf(started), adopted: false };
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== PENDING) throw error;
    const list = new URL(`${root.slice(0, -'machines/'.length)}machineactions`, target);
    // A quote within a value is doubled (OData 4.01, 5.1.1.6.1).
    const id = decodeURIComponent(machine).replaceAll("'", "''");
    list.searchParams.set('$filter', `machineId eq '${id}'`);
    list.searchParams.set('$orderby', 'creationDateTimeUtc desc');
    const found = await ask(client, { url: list.href, ...term.next() });
    const { value } = (isObject(found) ? found : {}) as { readonly value?: unknown };
    const pending = (Array.isArray(value) ? value : [])
      .filter(isAction)
      .find(({ type, status }) => sameType(type, verb) && !FINAL.has(status));
    if (pending === undefined) throw error;
    return { action: pending, adopted: true };
  }
}

/** Types are named as the last part of the path, but for `runliveresponse`: `LiveResponse`. */
function sameType(type: string, verb: string): boolean {
  const name = type.toLowerCase();
  return name === verb.toLowerCase() || `run${name}` === verb.toLowerCase();
}

function isAction(value: unknown): value is MachineAction {
  const { id, type, status } = (isObject(value) ? value : {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof type === 'string' && typeof status === 'string';
}

function actionOf(body: unknown): MachineAction {
  if (!isAction(body)) throw new TypeError('The answer is no machine action: it lacks id, type or status');
  return body;
}
