/**
 * axios 1, with its `http` and `fetch` adapters or one of the user's. The gate wraps the instance's adapter, so
 * interceptors and transforms run once per call and see one request. Each leg of a redirect that the `http` adapter
 * follows is an attempt; the `fetch` adapter follows redirects out of sight.
 *
 * Responses and errors are axios's own, made by the instance's own copy of axios.
 */
import type { Attempt } from '../../call/attempt.ts';
import type { Call, OpenCall } from '../../call/call.ts';
import { attachReport, HeadgateError, OptionsError } from '../../words/errors.ts';
import type { CallReport } from '../../words/report.ts';
import { remember } from '../../words/report-of.ts';
import { type Breaker, heed, interruptible } from '../shared/interruptible.ts';
import { receivedOf } from '../shared/received.ts';
import { dropResponse, headersOf } from '../shared/response-reading.ts';
import { retrying, type Tried } from '../shared/retry-loop.ts';
import type { Warn } from '../shared/stacked-retries.ts';
import { saidBy, tellRead } from '../shared/success-body.ts';
import { type AxiosError, type BeforeRedirect, type Config, endingOf, Leg, type Response } from './leg.ts';
import { claimNext, leaveClaim, type NativeResponse, scrub } from './native.ts';
import { silence } from './stacked-retries.ts';
import { disguise, withBodyWatched } from './stream.ts';
import type { CancelToken } from './token.ts';

/** The required parts of an axios instance. */
export interface AxiosLike {
  /** The instance's default options. */
  readonly defaults: object;
  /** The instance's interceptors. */
  readonly interceptors: { readonly request: { use(...args: never[]): unknown } };
  /** Makes another instance. */
  create(...args: never[]): unknown;
}

type Adapter = (config: Config) => Promise<Response>;
/** An adapter as axios accepts it: a function, a name, or a list of either. */
type Choice = Adapter | string | readonly unknown[] | undefined;

type Interceptor = (config: ChosenConfig) => ChosenConfig | Promise<ChosenConfig>;

interface Instance {
  readonly defaults: Record<string, unknown> & { adapter?: Choice };
  readonly interceptors: {
    readonly request: {
      readonly handlers?: readonly ({ fulfilled?: Interceptor | null } | null)[];
      use(fulfilled: Interceptor, rejected: undefined, options: { synchronous: true }): unknown;
    };
  };
  create(config?: object): Instance;
  request(config: object): Promise<Response>;
  getUri(config: object): string;
}

type ChosenConfig = Config & { adapter?: Choice; readonly exactly?: () => ChosenConfig };

/** Options that leave bodies unchanged: the call's own transforms run before and after. */
const UNTOUCHED = { transformRequest: [], transformResponse: [] };

/** Gated adapters, each with the function that opens its calls and the adapter it wraps. */
const gatedAdapters = new WeakMap<object, { readonly open: OpenCall; readonly wrapped: Choice }>();
/** Gated instances, each with the functions that open its calls and its `create` from before. */
const gatedInstances = new WeakMap<
  object,
  { readonly opens: Set<OpenCall>; readonly create: Instance['create'] }
>();

export function gateAxios(open: OpenCall, warn: Warn, like: AxiosLike): void {
  const instance = like as unknown as Instance;
  if (typeof instance?.create !== 'function' || typeof instance.interceptors?.request?.use !== 'function') {
    throw new OptionsError(
      'axios',
      like,
      'an axios instance, such as axios itself or the result of axios.create()',
    );
  }
  if (isOld(instance)) {
    const remedy = 'this is an older axios: update it, or use gate.fetch() or gate.wrap()';
    throw new OptionsError('axios', like, 'an instance of axios 1.7 or later', remedy);
  }
  const create = instance.create.bind(instance);
  const known = gatedInstances.get(instance) ?? { opens: new Set(), create };
  if (known.opens.has(open)) return;
  known.opens.add(open);
  gatedInstances.set(instance, known);
  const bare = known.create();
  for (const option of Object.keys(bare.defaults)) delete bare.defaults[option];
  // The config is complete: bypass the changes that axios first makes to one.
  bare.interceptors.request.use((asked) => asked.exactly?.() ?? asked, undefined, { synchronous: true });

  // Another gate may have wrapped this gate's adapter.
  const isGated = (choice: Choice): boolean => {
    const gate = typeof choice === 'function' ? gatedAdapters.get(choice) : undefined;
    return gate !== undefined && (gate.open === open || isGated(gate.wrapped));
  };
  const gated = (choice: Choice): Choice => {
    if (isGated(choice)) return choice;
    // Only axios can resolve an adapter's name, so an instance without defaults sends the request.
    const send: Adapter =
      typeof choice === 'function'
        ? choice
        : (config) => {
            const exact = Object.assign(config, { adapter: choice, ...UNTOUCHED });
            return bare.request({ exactly: () => exact });
          };
    const adapter: Adapter = (config) =>
      run(open, warn, bare, send, config).finally(() => {
        // The user sees the adapter that was asked for.
        (config as ChosenConfig).adapter = choice;
      });
    gatedAdapters.set(adapter, { open, wrapped: choice });
    return adapter;
  };

  instance.defaults.adapter = gated(instance.defaults.adapter);
  // A request or an interceptor may choose its own adapter. axios runs the interceptor registered last first.
  const choose = <Asked>(config: Asked): Asked => {
    const chosen = config as ChosenConfig | undefined;
    if (chosen && !isGated(chosen.adapter)) chosen.adapter = gated(chosen.adapter);
    return config;
  };
  for (const earlier of instance.interceptors.request.handlers ?? []) {
    const fulfilled = earlier?.fulfilled;
    if (!fulfilled) continue;
    earlier.fulfilled = (config) => {
      const changed = fulfilled(config);
      const { then } = (changed ?? {}) as { then?: unknown };
      return typeof then === 'function' ? Promise.resolve(changed).then(choose) : choose(changed);
    };
  }
  instance.interceptors.request.use(choose, undefined, { synchronous: true });
  instance.create = (config) => {
    const child = create(config);
    gateAxios(open, warn, child as never);
    return child;
  };
}

/** Makes one call in place of one run of the adapter. */
async function run(
  open: OpenCall,
  warn: Warn,
  bare: Instance,
  send: Adapter,
  config: Config,
): Promise<Response> {
  const uriOf = (parts: object): string => bare.getUri(parts);
  let leg = new Leg(config, uriOf);
  if (leg.isLocal) return send({ ...config });
  silence(config, warn);
  const call = open(config.headgate, leg);
  const leave = [heed(call, config.signal), heedToken(call, config.cancelToken)];

  const attempt = async (): Promise<Tried<Response>> => {
    let admission = call.admit(leg);
    for (;;) {
      const first = admission instanceof Promise ? await admission : admission;
      let waiting: Promise<Attempt> | undefined;
      const tried = await interruptible(call, async (breaker) => {
        let current = first;
        const answered = (response: NativeResponse): void => {
          current.answer(response.statusCode, response.headers, response.httpVersion);
          if (isGiven(response)) call.read({ received: receivedOf(response), buffered: true });
        };
        const hop: BeforeRedirect = (options, details, request) => {
          leg.disown(options, current.added);
          config.beforeRedirect?.(options, details, request);
          leg.disown(options, current.added);
          claimNext(answered);
          const next = leg.redirected(options, uriOf);
          if (!next) return;
          current.answer(details.statusCode ?? 302, details.headers);
          leg = next;
          const admitted = call.admit(leg);
          if (admitted instanceof Promise) {
            waiting = admitted;
            admitted.catch(() => undefined);
            throw new Error('Waits');
          }
          current = admitted;
          current.send((added) => Object.assign(options.headers, added));
        };
        const outcome = current.send((added) => {
          const sent = leg.prepared(current.own, added, breaker, hop);
          claimNext(answered);
          return outcomeOf(send, sent);
        });
        leaveClaim();
        return triedOf(leg, config, await outcome, current, call, breaker);
      });
      if (!waiting) return tried;
      admission = waiting;
    }
  };

  try {
    const response = await retrying(call, attempt);
    return Object.defineProperty(response, 'headgate', {
      get: rememberAll(response, call),
      configurable: true,
    });
  } catch (error) {
    rememberAll((error as AxiosError | undefined)?.response, call);
    if (error instanceof HeadgateError) throw error;
    throw (await cancellation(bare, config, call)) ?? error;
  } finally {
    for (const end of leave) end();
  }
}

type Outcome =
  | { readonly response: Response; readonly error?: undefined }
  | { readonly response?: undefined; readonly error: AxiosError };

async function outcomeOf(send: Adapter, config: Config): Promise<Outcome> {
  try {
    return { response: await send(config) };
  } catch (error) {
    return { error: error as AxiosError };
  }
}

/** Reads the outcome of one attempt. */
function triedOf(
  leg: Leg,
  config: Config,
  { response, error }: Outcome,
  current: Attempt,
  call: Call,
  breaker: Breaker,
): Tried<Response> {
  const { added } = current;
  const isStream = config.responseType === 'stream';
  const last = response ?? error?.response;
  for (const sent of [last, error]) scrub(sent?.request, current.own);
  if (last) {
    // As with plain axios, the config shows the headers that were sent, but without the gate's own.
    if (added && leg.config === config) config.headers = leg.shown(last.config.headers, added);
    last.config = config;
    if (last.status !== current.status) current.answer(last.status, headersOf(last.headers) ?? {});
    if (last.status < 400 && !isStream) tellRead(current, last.data);
  }
  disguise(error, config);
  return {
    ending: { body: isStream ? undefined : saidBy(current, response?.data), ...endingOf(last, error) },
    replayable: leg.replayable,
    result: error ? { error } : { value: response as Response },
    drop: () => dropResponse(last),
    ...(response && isStream && { watch: () => withBodyWatched(call, response, breaker) }),
  };
}

/** Whether a response is neither an error nor a redirect: axios reads it to the end and returns it. */
function isGiven({ statusCode, headers }: NativeResponse): boolean {
  return statusCode < 300 || (statusCode < 400 && headers.location === undefined);
}

function heedToken(call: Call, token: CancelToken | undefined): () => void {
  const abort = (reason: Error): void => call.abort(reason);
  token?.subscribe(abort);
  return () => token?.unsubscribe(abort);
}

/** The error that axios throws for an aborted request. axios makes it itself, as it never sends an aborted request. */
async function cancellation(bare: Instance, config: Config, call: Call): Promise<unknown> {
  let error: unknown = config.cancelToken?.reason;
  if (!error && config.signal?.aborted) {
    error = await bare.request(config).catch((reason: AxiosError) => Object.assign(reason, { config }));
  }
  if (error) attachReport(error, call.report());
  return error;
}

/** Attaches the report to every part of a response: an SDK above may keep only a part, in its own error. */
function rememberAll(response: Response | undefined, call: Call): () => CallReport {
  const report = (): CallReport => call.report();
  // axios 1.7's error of a body that it could not parse leads to the config alone.
  for (const part of [response, response?.headers, response?.data, response?.config]) {
    if (part) remember(Object(part), report);
  }
  return report;
}

/**
 * Whether it is from an axios before 1.7. Only axios itself states its version; instances are judged by their
 * methods and adapters.
 */
function isOld(instance: Instance): boolean {
  const { VERSION, defaults } = instance as { VERSION?: unknown; defaults?: { adapter?: unknown } };
  if (typeof VERSION === 'string') return /^(0|1\.[0-6])\./.test(VERSION);
  if (!defaults || '_request' in instance || 'query' in instance) return false;
  return !(Array.isArray(defaults.adapter) && defaults.adapter.includes('fetch'));
}
