/** Reads the arguments of fetch. */

import { isHttp, isLocal } from '../shared/unreadable.ts';
import { type FetchInit, type FetchInput, isRequest, Leg, readInit } from './leg.ts';
import { OpaqueLeg } from './opaque.ts';

/** A request that the gate can read, or one that is sent unchanged. */
export type AnyLeg = Leg | OpaqueLeg;

/** The arguments of fetch, once read. */
export interface Reading {
  /** Per-call options. */
  readonly asked: unknown;
  /** Absent where the request needs no gate. */
  readonly leg: AnyLeg | undefined;
}

/** Reads the arguments of fetch; never throws. The given fetch may still accept what cannot be read. */
export function readInput(input: FetchInput, init: FetchInit | undefined): Reading {
  let asked: unknown;
  try {
    const { headgate, own } = readInit(init);
    asked = headgate;
    const target = targetOf(input);
    if (isLocal(target.url)) return { asked, leg: undefined };
    if (isHttp(target.url)) return { asked, leg: Leg.of(target.input, own, target.url) };
  } catch {
    // Left to the given fetch, which may accept it.
  }
  return { asked, leg: new OpaqueLeg(input, init) };
}

/** A request's target. A URL object is copied, since the user may change it while the request waits. */
function targetOf(input: FetchInput): { readonly input: FetchInput; readonly url: URL } {
  if (typeof input === 'string') return { input, url: new URL(input) };
  if (isRequest(input)) return { input, url: new URL(input.url) };
  const text = String(input);
  return { input: input instanceof URL ? new URL(text) : text, url: new URL(text) };
}
