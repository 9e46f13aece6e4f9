import { OptionsError } from '../../words/errors.ts';
import type { ProfileDefinition } from './definition.ts';

/** Options of a profile made by `defineProfile`. */
export type ProfileOptions<
  Sharers extends string,
  Choices extends Readonly<Record<string, readonly string[]>>,
> = {
  /** Identifies the sharers of the quotas, such as a tenant or an app. Set each if processes share a ledger. */
  readonly [Name in Sharers]?: string | undefined;
} & { readonly [Name in keyof Choices]?: Choices[Name][number] | undefined } & {
  /**
   * Further hosts of the API, e.g. a reverse proxy: `host`, `host:port` (both HTTPS) or an origin. They receive the
   * gate's token.
   */
  readonly hosts?: readonly string[] | undefined;
  /**
   * Speed of a simulated API relative to real time: `defender({ timeScale: sim.timeScale })` scales the documented
   * limits to it. Default 1.
   */
  readonly timeScale?: number | undefined;
};

/** Checked options. */
export interface Settings {
  /** Sharers of the quotas, by option; `-` for an option left out. */
  readonly sharers: ReadonlyMap<string, string>;
  /** The choices made, or their defaults. */
  readonly choices: ReadonlyMap<string, string>;
  readonly hosts: readonly string[];
  readonly timeScale: number;
}

/** Names that are unambiguous in a ledger's key: GUIDs, domain names. */
const NAME = /^[\w.-]+$/;
const MAX_NAME = 128;

/** Checks a profile's options. Throws `OptionsError`. */
export function readOptions(
  { name, sharers = [], choices = {} }: Pick<ProfileDefinition, 'name' | 'sharers' | 'choices'>,
  given: unknown,
): Settings {
  const names = [...sharers, ...Object.keys(choices)];
  const listed = [...names.map((each) => `'${each}'`), "'hosts'"];
  const only = `${listed.slice(0, -1).join(', ')}${listed.length > 1 ? ' and ' : ''}${listed.at(-1)}`;
  const allowed = `for a simulator 'timeScale', else only ${only}`;
  if (typeof given !== 'object' || given === null) throw new OptionsError(name, given, allowed);
  const options = given as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(options)) {
    if (![...names, 'hosts', 'timeScale'].includes(key)) throw new OptionsError(name, key, allowed);
  }
  const { hosts = [], timeScale = 1 } = options;
  if (!Array.isArray(hosts)) throw new OptionsError(`${name}.hosts`, hosts, 'an array of hosts');
  if (!(typeof timeScale === 'number' && timeScale > 0 && timeScale < Infinity)) {
    throw new OptionsError(`${name}.timeScale`, timeScale, 'a number above 0');
  }
  return {
    sharers: new Map(sharers.map((each) => [each, nameOf(`${name}.${each}`, options[each])])),
    choices: new Map(
      Object.entries(choices).map(([each, values]) => [
        each,
        choiceOf(`${name}.${each}`, options[each], values),
      ]),
    ),
    hosts,
    timeScale,
  };
}

/** Lower-cases a name: the case of GUIDs and domain names is irrelevant. */
function nameOf(option: string, value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'string' && value.length <= MAX_NAME && NAME.test(value)) return value.toLowerCase();
  throw new OptionsError(option, value, "a GUID or a name of letters, digits, '.', '-' and '_'");
}

function choiceOf(option: string, value: unknown, values: readonly string[]): string {
  const chosen = value ?? values[0];
  if (typeof chosen === 'string' && values.includes(chosen)) return chosen;
  throw new OptionsError(option, value, `one of ${values.map((each) => `'${each}'`).join(', ')}`);
}
