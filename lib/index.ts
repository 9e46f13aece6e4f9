/** The public face of `headgate`. */

export type { AxiosLike } from './clients/axios/index.ts';
export type { UndiciInterceptor, UndiciOptions } from './clients/undici/index.ts';
export { headgate } from './headgate.ts';
export type { Headgate } from './headgate-types.ts';
export * from './public.ts';
