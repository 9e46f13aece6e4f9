/** `headgate/simulator`: a loopback server that behaves like the Defender for Endpoint API, for tests. */
export { defenderQuotas } from './quotas.ts';
export { simulate } from './simulator.ts';
export type * from './types.ts';
