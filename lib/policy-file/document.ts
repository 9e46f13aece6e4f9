import * as v from 'valibot';
import { optionEntries, readOptions } from '../options/read.ts';
import { check, object, text } from '../options/schema.ts';
import type { HeadgateOptions } from '../options/types.ts';
import type { ProfileFactory } from '../profiles/define/index.ts';
import * as profiles from '../profiles/index.ts';
import { OptionsError } from '../words/errors.ts';
import type { Profile } from '../words/types.ts';

/** A profile in a policy: its name, or its name with the options of its factory. */
export type ProfileDocument = string | { readonly name: string; readonly [option: string]: unknown };

/** A policy as JSON: the options of `headgate()` that are plain data. */
export interface PolicyDocument
  extends Pick<
    HeadgateOptions,
    'retry' | 'quotas' | 'overrides' | 'readBody' | 'adaptive' | 'maxQueue' | 'maxQueuePerFlow' | 'name'
  > {
  /** Address of the JSON Schema, for editors. Ignored. */
  readonly $schema?: string;
  /** Profile by name, such as `'github'` or `{ "name": "defender", "tenant": "contoso.com" }`. Default `'generic'`. */
  readonly profile?: ProfileDocument;
  /** Names of further URL parameters to hide. */
  readonly redact?: readonly string[];
}

type Factory = ((options?: never) => Profile) & Partial<Pick<ProfileFactory, 'definition'>>;

/** Profiles that a policy may name. */
const FACTORIES: Readonly<Record<string, Factory>> = {
  anthropic: profiles.anthropic,
  aws: profiles.aws,
  'azure-openai': profiles.azureOpenai,
  'azure-resource-manager': profiles.azureResourceManager,
  defender: profiles.defender,
  discord: profiles.discord,
  generic: profiles.generic,
  github: profiles.github,
  google: profiles.google,
  graph: profiles.graph,
  jira: profiles.jira,
  okta: profiles.okta,
  openai: profiles.openai,
  salesforce: profiles.salesforce,
  shopify: profiles.shopify,
  slack: profiles.slack,
  stripe: profiles.stripe,
} as Readonly<Record<string, Factory>>;

/** Names of the profiles that a policy may name. */
export const PROFILE_NAMES: readonly string[] = Object.keys(FACTORIES);

const PROFILE_RULE = `the name of a profile (${PROFILE_NAMES.join(', ')}), or an object with its name and options`;
const NAME_RULE = "a GUID or a name of letters, digits, '.', '-' and '_'";
const HOST_RULE = "a host such as 'api.example.com', or an origin such as 'http://simulator:8080'";

/** Schema of a profile with its options. */
function profileOptions(name: string, { definition }: Pick<Factory, 'definition'>): v.GenericSchema {
  const { sharers = [], choices = {} } = definition ?? {};
  const shared = v.pipe(v.string(NAME_RULE), v.regex(/^[\w.-]+$/, NAME_RULE), v.maxLength(128, NAME_RULE));
  const host = v.pipe(v.string(HOST_RULE), v.regex(/^(?:https?:\/\/)?[^\s/\\?#@]+$/, HOST_RULE));
  return object({
    name: v.literal(name),
    ...Object.fromEntries(sharers.map((each) => [each, v.optional(shared)])),
    ...Object.fromEntries(
      Object.entries(choices).map(([each, values]) => [each, v.optional(v.picklist(values))]),
    ),
    ...(definition && {
      hosts: v.optional(v.array(host, 'an array of hosts')),
      timeScale: v.optional(v.pipe(v.number('a number above 0'), v.gtValue(0, 'a number above 0'))),
    }),
  }) as unknown as v.GenericSchema;
}

const profile = v.union(
  [
    v.picklist(PROFILE_NAMES, PROFILE_RULE),
    v.variant(
      'name',
      Object.entries(FACTORIES).map(([name, factory]) => profileOptions(name, factory)) as never,
      PROFILE_RULE,
    ),
  ],
  ({ issues = [] }) => {
    const inner = issues.find(({ path }) => path !== undefined);
    return inner ? `${inner.message}, for its option '${v.getDotPath(inner)}'` : PROFILE_RULE;
  },
);

/** Schema of a {@link PolicyDocument}. */
export const documentSchema: v.GenericSchema<PolicyDocument> = object({
  $schema: v.optional(v.string('the address of the JSON Schema')),
  profile: v.optional(profile),
  name: optionEntries.name,
  retry: optionEntries.retry,
  quotas: optionEntries.quotas,
  overrides: optionEntries.overrides,
  readBody: optionEntries.readBody,
  adaptive: optionEntries.adaptive,
  maxQueue: optionEntries.maxQueue,
  maxQueuePerFlow: optionEntries.maxQueuePerFlow,
  redact: v.optional(v.array(text, 'an array of names')),
}) as unknown as v.GenericSchema<PolicyDocument>;

/**
 * Checks a policy and returns it as options of `headgate()`.
 *
 * @param given parsed JSON
 * @param source where it comes from, for messages
 * @throws OptionsError that names the source, the option, the value and what is allowed
 */
export function optionsOf(given: unknown, source: string): HeadgateOptions {
  check(documentSchema, given, source);
  const { $schema: _, profile = 'generic', ...rest } = given as PolicyDocument;
  const options = { ...rest, profile: profileOf(profile, source) };
  readOptions(options); // checks the whole, such as two quotas with one name
  return options;
}

function profileOf(given: ProfileDocument, source: string): Profile {
  const { name, ...options } = typeof given === 'string' ? { name: given } : given;
  const factory = FACTORIES[name] as Factory;
  try {
    return Object.keys(options).length > 0 ? factory(options as never) : factory();
  } catch (error) {
    if (error instanceof OptionsError) throw error;
    throw new OptionsError(
      `${source}.profile`,
      given,
      error instanceof Error ? error.message : 'options of the profile',
    );
  }
}
