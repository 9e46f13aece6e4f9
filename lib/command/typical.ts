import type { HeadgateOptions, Profile } from '../index.ts';
import type { DefinedProfile, ProfileDefinition, RequestMatch } from '../profiles/index.ts';

/** A method and an absolute URL. */
export interface Typical {
  readonly method: string;
  readonly url: string;
}

/** Host for requests of no particular API. */
const EXAMPLE = 'api.example.com';

/** The definition of a profile that was made by `defineProfile`. */
export function definitionOf(profile: Profile | undefined): ProfileDefinition | undefined {
  return (profile as Partial<DefinedProfile> | undefined)?.definition;
}

/** A request that the policy covers: one of its first quota, or else of its profile. */
export function typicalRequest({ quotas = [], profile }: HeadgateOptions): Typical {
  const definition = definitionOf(profile);
  const own = quotas[0]?.match;
  if (!own?.path && definition) return of(definition, own?.method);
  const { method, path = '/items', host = hostOf(definition) } = own ?? {};
  return { method: firstOf(method) ?? 'GET', url: `https://${filled(host)}${filled(path)}` };
}

/** A request to an API: one of its first quota with a path, or else below its root. */
function of(definition: ProfileDefinition, own: string | readonly string[] | undefined): Typical {
  const { quotas = [], paths } = definition;
  const matches = quotas.flatMap(({ match }) => [match].flat() as RequestMatch[]);
  const match = matches.find((each) => each?.path !== undefined) ?? {};
  const path = firstOf(match.path) ?? `${paths?.root ?? ''}/items`;
  const host = firstOf(match.host) ?? hostOf(definition);
  return {
    method: (firstOf(own) ?? firstOf(match.method) ?? 'GET').toUpperCase(),
    url: `https://${filled(host)}${filled(path)}`,
  };
}

function hostOf(definition: ProfileDefinition | undefined): string {
  const host = definition?.hosts[0];
  return (typeof host === 'object' ? host.host : host) ?? EXAMPLE;
}

function firstOf(given: string | readonly string[] | undefined): string | undefined {
  return [given].flat()[0];
}

/** A template with its variables filled. */
function filled(template: string): string {
  return template.replaceAll('**', 'items').replaceAll(/\{[^{}]*\}|\*/g, '1');
}
