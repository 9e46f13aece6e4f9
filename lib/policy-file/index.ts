/** `headgate/policy`: a policy as a JSON file, which an operator may change while the program runs. */
export type { PolicyDocument, ProfileDocument } from './document.ts';
export { type LoadedPolicy, type LoadOptions, loadPolicy } from './load.ts';
