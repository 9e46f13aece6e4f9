import type { Difference } from '../driver.ts';

/** By the law's title. */
export type Differences = Readonly<Record<string, Difference>>;

/** Clients of single requests. */
export const noPages: Differences = {
  'each page is its own call': {
    because: 'it does not follow pages itself',
    shows: /follows no pages/,
  },
};

/** Clients that give a response as soon as its head has come. */
export const givenEarly: Differences = {
  'a response cut off in its body is requested again': {
    because:
      'the caller has the response from its head on; a body that breaks off later fails for its reader',
    shows: /terminated|other side closed|aborted/,
  },
  'a response that is not compressed as it says is final': {
    because:
      'the caller has the response from its head on; a body that cannot be unpacked fails for its reader, if anything unpacks it',
    shows: /'success'|did not fail/,
  },
};

/** Clients that do not tell when a body was read. */
export const openAtHead: Differences = {
  'a response is in flight until its body has arrived': {
    because: 'it does not report when a body was read: a response counts until its head has arrived',
    shows: /in flight at once/,
  },
};

/** Clients of fetch. */
export const noTimeout: Differences = {
  'an attempt that takes too long is aborted and retried': {
    because: 'it has no time limit itself; a signal ends the call',
    shows: /DeadlineError|deadline/,
  },
};

/** Clients whose redirects are followed out of sight. */
export const unseenLegs: Differences = {
  'a redirect is one call, and each of its legs an attempt': {
    because: 'the gate does not see its redirects: all legs are one attempt, of the first leg’s quota',
    shows: /events/,
  },
  'a redirect leg waits for the quota of its target': {
    because: 'the gate does not see its redirects: all legs are one attempt, of the first leg’s quota',
    shows: /ms after the 429/,
  },
};
