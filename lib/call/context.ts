import type { Reread } from '../classify/readings.ts';
import type { Emitter } from '../events/emitter.ts';
import type { Redaction } from '../events/secret-names.ts';
import type { Gate } from '../gate/gate.ts';
import type { Random } from '../policy/backoff.ts';
import type { Clock } from '../time/clock.ts';
import type { Schedule } from '../time/schedule.ts';
import type { Sign } from '../words/auth.ts';
import type { Classification, Outcome, Profile, RequestFacts } from '../words/types.ts';
import type { Calls } from './calls.ts';
import type { Tokens } from './tokens.ts';

/** What all calls of one `headgate()` share. */
export interface CallContext {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly emitter: Emitter;
  /** Parameters of URLs that events hide besides those that tell of a secret. */
  readonly redact: readonly Redaction[];
  readonly profile: Profile;
  /** The profile's reading of an outcome, or HTTP's if the profile fails; then the user's own. Throws what that throws. */
  classify(outcome: Outcome, reread?: Reread): Classification;
  readonly tokens: Tokens | undefined;
  readonly sign: Sign | undefined;
  readonly calls: Calls;
  readonly closed: boolean;
  /** Aborted, with a `ClosedError`, when the gate closes. */
  readonly life: AbortSignal;
  /** Warns of something that its user should know, once. */
  readonly warn: (code: string, message: string) => void;
  /** The gate that a request has to pass; `quota` names one in place of the one its URL tells. */
  gateOf(request: RequestFacts, quota: string | undefined): Gate;
  /** The same, if the quota is one that the user declared. */
  declaredGateOf(request: RequestFacts, quota: string | undefined): Gate | undefined;
}
