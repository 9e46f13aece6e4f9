import type { CallContext } from './call/context.ts';
import type { Gate } from './gate/gate.ts';
import type { Gates } from './gate/gates.ts';
import { adviceOn, type DeclaredQuotas } from './options/quotas.ts';
import type { readForecast } from './options/read.ts';
import { OptionsError } from './words/errors.ts';

/** The answer of `gate.forecast()`. Throws `OptionsError` for a quota or unit that does not exist. */
export function forecast(
  { what, calls, cost }: ReturnType<typeof readForecast>,
  gates: Gates,
  declared: DeclaredQuotas,
  context: Pick<CallContext, 'profile' | 'passageOf'>,
): number {
  const request = typeof what === 'string' ? undefined : what;
  const ask = { request, cost, usual: request && context.profile.cost?.(request) };
  const passages =
    typeof what === 'string'
      ? made(what, gates, declared).map((gate) => [gate])
      : [context.passageOf(what, undefined).gates];
  const forecasts = passages.map((drawn) => {
    const [misspelt] = declared.uncounted(ask, drawn);
    if (!misspelt) return gates.forecast(drawn, calls, ask);
    const [unit, advice] = misspelt;
    throw new OptionsError(`forecast.cost.${unit}`, unit, 'a unit that a limit counts', advice);
  });
  return Math.max(...forecasts);
}

/** The gates of a quota that is declared or was used. */
function made(name: string, gates: Gates, { refs }: DeclaredQuotas): readonly Gate[] {
  const ref = refs.get(name);
  const all = ref ? gates.named(ref) : gates.made(name);
  if (all.length > 0) return all;
  throw new OptionsError('quota', name, 'a declared or used quota', adviceOn(name, refs.keys()));
}
