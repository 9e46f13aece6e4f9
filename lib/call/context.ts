import type { Bucket } from '../classify/rate-limit.ts';
import type { Readings } from '../classify/readings.ts';
import type { Emitter } from '../events/emitter.ts';
import type { Redaction } from '../events/secret-names.ts';
import type { Priced } from '../gate/admitter.ts';
import type { Gate } from '../gate/gate.ts';
import type { Passage } from '../gate/passage.ts';
import type { Random } from '../policy/backoff.ts';
import type { Clock } from '../time/clock.ts';
import type { Schedule } from '../time/schedule.ts';
import type { Sign } from '../words/auth.ts';
import type { Profile, RequestFacts } from '../words/types.ts';
import type { Calls } from './calls.ts';
import type { TokenBook } from './tokens.ts';

/** Context shared by all calls of one `headgate()`. */
export interface CallContext {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly emitter: Emitter;
  /** Further URL parameters to hide in events, besides those whose names suggest a secret. */
  readonly redact: readonly Redaction[];
  readonly profile: Profile;
  readonly readings: Readings;
  readonly tokens: TokenBook | undefined;
  readonly sign: Sign | undefined;
  readonly calls: Calls;
  readonly closed: boolean;
  /** Aborted, with a `ClosedError`, when the gate closes. */
  readonly life: AbortSignal;
  /** Warns the user, once per code and message. */
  readonly warn: (code: string, message: string) => void;
  /** The gates of all quotas that a request draws on, its main one first: `quota` names one in place of the one that matches. */
  passageOf(request: RequestFacts, quota: string | undefined): Passage<Gate>;
  /** Warns of a caller's amounts in units that no limit counts; `gates`: those of the call's quotas. */
  priced(ask: Priced, gates: readonly Gate[]): void;
  /** The gates of quotas that the server has named for such a request. */
  serverGatesOf(request: RequestFacts, quota: string | undefined): readonly Gate[];
  /** The server named the bucket that a request drew on. */
  bucketed(request: RequestFacts, quota: string | undefined, bucket: Bucket): void;
  /** The gates of the declared quotas that a request draws on. */
  declaredGatesOf(request: RequestFacts, quota: string | undefined): readonly Gate[];
}
