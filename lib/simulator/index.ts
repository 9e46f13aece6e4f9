/** `headgate/simulator`: a server on loopback that behaves as the Defender for Endpoint API does, for tests. */
export { defenderQuotas } from './quotas.ts';
export { simulate } from './simulator.ts';
export type * from './types.ts';
