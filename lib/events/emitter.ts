import { AsyncResource } from 'node:async_hooks';
import diagnosticsChannel from 'node:diagnostics_channel';
import { processWarning } from './process-warning.ts';
import { Tracers } from './tracers.ts';
import type { AnyEvent, EventName, GateEvents } from './types.ts';

/** A listener for one kind of event. If it throws or rejects, the error becomes a process warning. */
export type Listener<Name extends EventName> = (event: GateEvents[Name] & { readonly type: Name }) => unknown;

type AnyListener = ((event: AnyEvent) => unknown) & { readonly listener?: unknown };

/** Names of all events. */
export const EVENT_NAMES: readonly EventName[] = [
  'call',
  'queued',
  'attempt',
  'retry',
  'success',
  'failure',
  'pause',
  'resume',
  'learned',
  'near',
  'ledger',
  'warning',
  'close',
  'policy',
];

/** Maximum number of events buffered for a slow reader of {@link Emitter.events}; older ones are dropped. */
const READER_BUFFER = 10_000;

/** `headgate:<event>` channels of `node:diagnostics_channel`: the events of every gate in the process. */
const channels = Object.fromEntries(
  EVENT_NAMES.map((name) => [name, diagnosticsChannel.channel(`headgate:${name}`)]),
) as unknown as Record<EventName, diagnosticsChannel.Channel>;

const allChannels: readonly diagnosticsChannel.Channel[] = Object.values(channels);

/** Delivers events to listeners, readers and diagnostics channels. A listener's error never reaches the emitter. */
export class Emitter {
  readonly #listeners = new Map<EventName, Set<AnyListener>>();
  readonly #readers = new Set<Reader>();
  readonly tracers: Tracers = new Tracers();
  /** Events emitted by listeners during the delivery of another event. */
  readonly #later: (() => void)[] = [];
  #delivering = false;
  #closed = false;

  /** True when the event has a receiver: lets hot paths skip building it. */
  has(name: EventName): boolean {
    return this.#readers.size > 0 || this.#listeners.has(name) || channels[name].hasSubscribers;
  }

  /** True when any event has a receiver. */
  get listened(): boolean {
    return (
      this.#readers.size > 0 || this.#listeners.size > 0 || allChannels.some((each) => each.hasSubscribers)
    );
  }

  on<Name extends EventName>(name: Name, listener: Listener<Name>): void {
    if (!EVENT_NAMES.includes(name))
      throw new TypeError(`No such event: '${String(name)}'. Events: ${EVENT_NAMES.join(', ')}`);
    callable(listener);
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener as unknown as AnyListener));
  }

  once<Name extends EventName>(name: Name, listener: Listener<Name>): void {
    callable(listener);
    const first: Listener<Name> = (event) => {
      this.off(name, first);
      return listener(event);
    };
    this.on(name, Object.assign(first, { listener }));
  }

  off<Name extends EventName>(name: Name, listener: Listener<Name>): void {
    const set = this.#listeners.get(name);
    const gone = listener as unknown as AnyListener;
    for (const each of set ?? []) {
      if (each === gone || each.listener === gone) set?.delete(each);
    }
    if (set?.size === 0) this.#listeners.delete(name);
  }

  /** All events from now on, until the reader stops or the gate closes. */
  events(): AsyncIterableIterator<AnyEvent> {
    const reader = new Reader(() => this.#readers.delete(reader));
    if (this.#closed) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Delivers an event to every receiver; only then the events that its listeners emitted. */
  emit<Name extends EventName>(name: Name, fields: GateEvents[Name]): void {
    if (!this.has(name)) return;
    const event = Object.freeze({ type: name, ...fields }) as unknown as AnyEvent;
    if (this.#delivering) {
      this.#later.push(AsyncResource.bind(() => this.#deliver(event)));
      return;
    }
    this.#delivering = true;
    try {
      this.#deliver(event);
      for (let next = this.#later.shift(); next; next = this.#later.shift()) next();
    } finally {
      this.#delivering = false;
    }
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  #deliver(event: AnyEvent): void {
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) {
      try {
        const result = listener(event);
        if (isThenable(result)) Promise.resolve(result).catch(warn);
      } catch (error) {
        warn(error);
      }
    }
    for (const reader of this.#readers) reader.push(event);
    // By that module's contract, Node reports a subscriber's throw as an uncaught exception.
    const channel = channels[event.type];
    if (channel.hasSubscribers) channel.publish(event);
  }
}

/** Any promise implementation, not only the native one. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function callable(listener: unknown): void {
  if (typeof listener !== 'function') throw new TypeError(`Expected a listener, got ${typeof listener}`);
}

/** Shows only the error's text: a client's error may carry headers. */
function warn(error: unknown): void {
  processWarning(`A listener to a headgate event failed: ${textOf(error)}`, 'HEADGATE_LISTENER');
}

/** Never throws, even for a value that cannot be converted to text. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } catch {
    return `a thrown ${typeof error}`;
  }
}

/** One `for await` over the events. */
class Reader implements AsyncIterableIterator<AnyEvent> {
  readonly #buffer: AnyEvent[] = [];
  readonly #waiting: ((result: IteratorResult<AnyEvent>) => void)[] = [];
  readonly #onStop: () => void;
  #ended = false;

  constructor(onStop: () => void) {
    this.#onStop = onStop;
  }

  push(event: AnyEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ value: event, done: false });
    else if (this.#buffer.push(event) > READER_BUFFER) this.#buffer.shift();
  }

  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<AnyEvent>> {
    const event = this.#buffer.shift();
    if (event) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<AnyEvent>> {
    this.#onStop();
    this.#buffer.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
