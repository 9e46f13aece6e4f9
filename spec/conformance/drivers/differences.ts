import type { Difference } from '../driver.ts';

/** By the law's title. */
export type Differences = Readonly<Record<string, Difference>>;

/** Clients of single requests. */
export const noPages: Differences = {
  'each page is a call of its own': {
    because: 'it follows no pages by itself',
    shows: /follows no pages/,
  },
};

/** Clients that give a response as soon as its head has come. */
export const givenEarly: Differences = {
  'a response cut off in its body is asked for again': {
    because:
      'a response is its user’s when its head has come; the body then breaks off in its reader’s hands',
    shows: /terminated|other side closed|aborted/,
  },
};

/** Clients that do not tell when a body was read. */
export const openAtHead: Differences = {
  'a response is in flight until its body has come': {
    because: 'nothing tells when a body was read: a response counts until its head has come',
    shows: /in flight at once/,
  },
};

/** Clients of fetch. */
export const noTimeout: Differences = {
  'an attempt that takes too long is broken off and made again': {
    because: 'it has no time limit of its own; a signal ends the call',
    shows: /DeadlineError|deadline/,
  },
};

/** Clients whose redirects are followed out of sight. */
export const unseenLegs: Differences = {
  'a redirect is one call, and each of its legs an attempt': {
    because: 'redirects are followed out of sight: all legs are one attempt, of the first one’s quota',
    shows: /events/,
  },
  'a leg waits for the quota of where it leads': {
    because: 'redirects are followed out of sight: all legs are one attempt, of the first one’s quota',
    shows: /ms after the 429/,
  },
};
