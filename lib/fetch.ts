/** `headgate/fetch`: a gate for fetch and functions alone. */

export { headgate } from './fetch-headgate.ts';
export * from './public.ts';
