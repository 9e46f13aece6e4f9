import { bodies } from './laws/bodies.ts';
import { ending } from './laws/ending.ts';
import type { Laws } from './laws/law.ts';
import { redirects } from './laws/redirects.ts';
import { resending } from './laws/resending.ts';
import { signing } from './laws/signing.ts';
import { telling } from './laws/telling.ts';
import { tokens } from './laws/tokens.ts';
import { verdicts } from './laws/verdicts.ts';
import { waiting } from './laws/waiting.ts';

/** Every law, by what it is about. */
export const laws: Readonly<Record<string, Laws>> = {
  Verdicts: verdicts,
  'Making a request again': resending,
  Waiting: waiting,
  Ending: ending,
  Bodies: bodies,
  Redirects: redirects,
  Tokens: tokens,
  Signing: signing,
  'Events and records': telling,
};
