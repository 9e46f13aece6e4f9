import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { HeadgateOptions, PolicyFollower, PolicySource } from '../options/types.ts';
import { attachCause, OptionsError } from '../words/errors.ts';
import { optionsOf, type PolicyDocument } from './document.ts';
import { overridden } from './environment.ts';

/** Options of {@link loadPolicy}. */
export interface LoadOptions {
  /** Whether to apply changes of the file to the gates that use the policy. Default false. */
  readonly watch?: boolean | undefined;
  /** Environment whose `HEADGATE_…` variables override the file; `false` for none. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | false | undefined;
}

/** A loaded policy, for the `policy` option of `headgate()`. */
export interface LoadedPolicy extends PolicySource {
  /** The policy in force, as options of `headgate()`. */
  readonly options: HeadgateOptions;
  /** Stops watching the file. */
  close(): void;
  /** `close()`, for `using`. */
  [Symbol.dispose](): void;
}

/**
 * Interval at which a watched file is examined, in ms. Polling by path also notices atomic renames and swapped symlinks,
 * with which Kubernetes updates a mounted ConfigMap.
 */
const EXAMINE_MS = 250;

/**
 * Loads a policy from a JSON file. With `watch`, a valid change is applied at once and as a whole to the gates that use
 * the policy, with a `policy` event. An invalid change is refused with the reason, and the old policy remains in force.
 * `retry`, `quotas` and `overrides` can change while a gate works; a change of anything else is refused. Watching does not
 * keep the process alive.
 *
 * @param file path of the file, relative to the working directory
 * @throws OptionsError if the file cannot be read, is not JSON, or is not a valid policy
 * @example
 * const gate = headgate({ policy: loadPolicy('policy.json', { watch: true }) });
 */
export function loadPolicy(
  file: string,
  { watch = false, env = process.env }: LoadOptions = {},
): LoadedPolicy {
  if (typeof file !== 'string' || file === '')
    throw new OptionsError('file', file, 'the path of a policy file');
  const policy = new WatchedPolicy(path.resolve(file), file, env === false ? {} : env);
  if (watch) policy.watch();
  return policy;
}

/** Options that the variables of an environment give without a policy file. Throws `OptionsError`. */
export function optionsIn(environment: Readonly<Record<string, string | undefined>>): HeadgateOptions {
  return optionsOf(overridden({}, environment), 'environment');
}

class WatchedPolicy implements LoadedPolicy {
  options: HeadgateOptions;
  readonly source: string;
  readonly #path: string;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #followers = new Set<PolicyFollower>();
  #text: string;
  #document: PolicyDocument;
  /** Text that was not JSON when last read: the file may have been half written. */
  #broken: string | undefined;

  constructor(file: string, source: string, environment: Readonly<Record<string, string | undefined>>) {
    this.#path = file;
    this.source = source;
    this.#environment = environment;
    this.#text = this.#read();
    this.#document = this.#parsed(this.#text);
    this.options = optionsOf(this.#document, this.source);
  }

  watch(): void {
    watchFile(this.#path, { interval: EXAMINE_MS, persistent: false }, this.#examine);
  }

  follow(follower: PolicyFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  close(): void {
    unwatchFile(this.#path, this.#examine);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #examine = (): void => {
    let text: string | undefined;
    try {
      text = this.#read();
      if (text === this.#text) return;
      const document = this.#parsed(text);
      const options = optionsOf(document, this.source);
      this.#text = text;
      this.#refuseLiveChange(document);
      this.#document = document;
      this.options = options;
      for (const { applied } of this.#followers) applied(options);
    } catch (error) {
      if (error instanceof OptionsError && error.cause instanceof SyntaxError && text !== this.#broken) {
        this.#broken = text;
        setTimeout(this.#examine, EXAMINE_MS).unref();
        return;
      }
      if (text !== undefined) this.#text = text;
      const reason = error instanceof Error ? error.message : String(error);
      for (const { refused } of this.#followers) refused(reason);
    }
  };

  #read(): string {
    try {
      // Some editors begin a file with a byte order mark, which is not JSON.
      return readFileSync(this.#path, 'utf8').replace(/^\uFEFF/, '');
    } catch (error) {
      throw new OptionsError(this.source, (error as NodeJS.ErrnoException).code, 'a file that can be read');
    }
  }

  #parsed(text: string): PolicyDocument {
    let given: unknown;
    try {
      given = JSON.parse(text);
    } catch (error) {
      const broken = new OptionsError(this.source, text, `JSON (${(error as Error).message})`);
      attachCause(broken, error);
      throw broken;
    }
    return overridden(given, this.#environment) as PolicyDocument;
  }

  /** Throws if an option changed that a working gate cannot change. */
  #refuseLiveChange(document: PolicyDocument): void {
    const [before, after] = [fixed(this.#document), fixed(document)];
    const other = before.profile !== after.profile;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (name) => !(isDeepStrictEqual(before[name], after[name]) || (other && name.startsWith('profile.'))),
    );
    if (changed.length === 0) return;
    throw new OptionsError(
      this.source,
      changed.join(', '),
      'a change of retry, quotas or overrides only',
      'other changes need a restart',
    );
  }
}

/** Options that a working gate cannot change, by name; those of the profile as `profile.<option>`. */
function fixed({
  $schema: _s,
  retry: _r,
  quotas: _q,
  overrides: _o,
  profile = 'generic',
  ...rest
}: PolicyDocument): Readonly<Record<string, unknown>> {
  const { name, ...options } = typeof profile === 'string' ? { name: profile } : profile;
  const own = Object.entries(options).map(([option, value]) => [`profile.${option}`, value]);
  return { ...rest, profile: name, ...Object.fromEntries(own) };
}
