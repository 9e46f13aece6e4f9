import { type AxiosLike, gateAxios } from './clients/axios/index.ts';
import { gateGot, gotExtension } from './clients/got/index.ts';
import type { GotExtension, GotLike } from './clients/got/types.ts';
import { type UndiciInterceptor, type UndiciOptions, undiciInterceptor } from './clients/undici/index.ts';
import { FetchComposition } from './fetch-headgate.ts';
import type { Environment, Headgate } from './headgate-types.ts';
import type { HeadgateOptions } from './options/types.ts';

/**
 * Creates a gate in front of an API. Throws `OptionsError`, which names the invalid option, its value and the values
 * allowed.
 *
 * @example
 * const gate = headgate({ quotas: [{ match: { path: '/v1/items' }, windows: [{ limit: 100, per: '1m' }] }] });
 * const api = gate.got(got);
 * await api('https://api.example.com/v1/items').json();
 * await gate.close();
 */
export function headgate(options: HeadgateOptions = {}, environment: Environment = {}): Headgate {
  return new Composition(options, environment);
}

/** All clients. */
class Composition extends FetchComposition implements Headgate {
  #gotOptions: GotExtension | undefined;

  got<G extends GotLike>(instance: G): G {
    return gateGot(instance, this.gotOptions());
  }

  gotOptions(): GotExtension {
    this.#gotOptions ??= gotExtension(this.open);
    return this.#gotOptions;
  }

  undici(options?: UndiciOptions): UndiciInterceptor {
    const { warn } = this;
    if ((this.tokens || this.sign) && !this.profile.authorizes) {
      const what = this.tokens ? 'token: none is sent' : 'headers of `sign`: it is not called';
      warn('token-withheld', `The profile '${this.profile.name}' names no hosts for the ${what}`);
    }
    return undiciInterceptor(this.openAnywhere, warn, options);
  }

  axios<A extends AxiosLike>(instance: A): A {
    gateAxios(this.open, this.warn, instance);
    return instance;
  }
}
