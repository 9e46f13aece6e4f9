import { isObject } from '../classify/error-body.ts';
import { OptionsError } from '../words/errors.ts';
import type { Duration } from '../words/types.ts';
import { ask, type Client, RefusedError } from './ask.ts';
import { durationOf, Term, type TermOptions } from './term.ts';

/** A machine action, as the API describes it. */
export interface MachineAction {
  /** ID, by which it is polled. */
  readonly id: string;
  /** Type, such as `Isolate`. */
  readonly type: string;
  /** `Pending`, `InProgress`, `Succeeded`, `Failed`, `TimeOut` or `Cancelled`. */
  readonly status: string;
  /** Device that it acts on. */
  readonly machineId?: string | undefined;
  readonly [field: string]: unknown;
}

/** Statuses after which an action does not change. https://learn.microsoft.com/defender-endpoint/api/machineaction */
const FINAL: ReadonlySet<string> = new Set(['Succeeded', 'Failed', 'TimeOut', 'Cancelled']);
/** First and longest wait between two polls, in ms, and the factor by which waits grow. */
const FIRST_MS = 2000;
const LONGEST_MS = 60_000;
const GROWTH = 1.5;

/** A machine action ended without success. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
  /** Last known state of the action. */
  readonly action: MachineAction;

  constructor(action: MachineAction) {
    super(`The action ${action.type} ended as ${action.status}`);
    this.action = action;
  }
}

/** Options of `pollAction()`. */
export interface PollOptions extends TermOptions {
  /**
   * Wait between two polls: ms, or text. Default: 2 s, then 1.5 times as long each time, up to 60 s, so that many actions
   * do not use up the quota that other requests need.
   */
  readonly every?: Duration | undefined;
  /** Called after each poll. */
  readonly onProgress?: ((action: MachineAction) => void) | undefined;
}

/**
 * Polls a machine action until it has ended, and returns it if it succeeded.
 *
 * @param url address of the action: `…/api/machineactions/{id}`
 * @throws `OptionsError`; {@link ActionError} if it ends without success; `DeadlineError` as soon as the next poll would
 *   come after `deadline`; {@link RefusedError}; the client's own errors
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
  /** Parameters; their names are case-sensitive: `{ Comment, IsolationType }`. */
  readonly body: unknown;
}

/** A running action. */
export interface StartedAction {
  /** The action, in its state when it was started or found. */
  readonly action: MachineAction;
  /** True if it was already pending, started by another request. */
  readonly adopted: boolean;
}

/** Code of a refusal because the same action is pending: https://learn.microsoft.com/defender-endpoint/api/run-live-response */
const PENDING = 'ActiveRequestAlreadyExists';
const MACHINE = /^(.*\/machines\/)([^/]+)\/(\w+)\/?$/i;

/**
 * Starts a machine action. If the API refuses it because the same action is pending on this machine, returns the pending
 * one. If that action ends before it is found in the list, the refusal is thrown.
 *
 * @throws `OptionsError`; {@link RefusedError}; the client's own errors
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
    // OData doubles a quote within a value (OData 4.01, 5.1.1.6.1).
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

/** A type has the name of the path's last segment, except `LiveResponse` for `runliveresponse`. */
function sameType(type: string, verb: string): boolean {
  const name = type.toLowerCase();
  return name === verb.toLowerCase() || `run${name}` === verb.toLowerCase();
}

function isAction(value: unknown): value is MachineAction {
  const { id, type, status } = (isObject(value) ? value : {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof type === 'string' && typeof status === 'string';
}

function actionOf(body: unknown): MachineAction {
  if (!isAction(body)) throw new TypeError('The answer is not a machine action: it lacks id, type or status');
  return body;
}
