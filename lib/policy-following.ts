import type { Emitter } from './events/emitter.ts';
import type { HeadgateUpdate, PolicySource } from './options/types.ts';
import type { Clock } from './time/clock.ts';

/** The gate that a policy is applied to. */
interface Follower {
  readonly name: string;
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly life: AbortSignal;
  readonly warn: (code: string, message: string) => void;
  update(options: HeadgateUpdate): void;
}

/** Applies the changes of a policy to a gate until it closes. */
export function follow(policy: PolicySource, gate: Follower): void {
  const { emitter, clock, name, life } = gate;
  const { source } = policy;
  const tell = (state: 'applied' | 'refused', reason?: string): void => {
    if (reason !== undefined && !emitter.has('policy'))
      gate.warn(
        'policy-refused',
        `The policy ${source} was refused, and the previous one stays in force: ${reason}`,
      );
    emitter.emit('policy', { at: clock.now(), gate: name, state, source, reason });
  };
  const unfollow = policy.follow({
    applied: ({ retry = {}, quotas = [], overrides = [] }) => {
      try {
        gate.update({ retry, quotas, overrides });
        tell('applied');
      } catch (error) {
        tell('refused', (error as Error).message);
      }
    },
    refused: (reason) => tell('refused', reason),
  });
  life.addEventListener('abort', unfollow, { once: true });
}
