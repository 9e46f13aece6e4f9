import type { CallOptions, Headgate } from 'headgate';
import type { CallReport } from '../../lib/words/report.ts';
import type { Pair } from '../support/certificate.ts';

/** A request's body, in the form that its user has it in. */
export type Body =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'Buffer'; readonly value: Buffer }
  | { readonly kind: 'JSON'; readonly value: object }
  | { readonly kind: 'form'; readonly value: Record<string, string> }
  | { readonly kind: 'FormData'; readonly value: FormData }
  | { readonly kind: 'URLSearchParams'; readonly value: URLSearchParams }
  | { readonly kind: 'Blob'; readonly value: Blob }
  | { readonly kind: 'stream'; readonly value: NodeJS.ReadableStream }
  | { readonly kind: 'iterable'; readonly value: AsyncIterable<Uint8Array> };

/** A request, in no client's own words. */
export interface Ask {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Body;
  readonly signal?: AbortSignal;
  /** Longest that one attempt may take, in ms. */
  readonly timeout?: number;
  readonly headgate?: CallOptions;
}

/** A good response. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly report: CallReport | undefined;
}

/** A client behind a gate. Where the bare one resolves with an error status, this rejects with a {@link Refusal}. */
export interface Client {
  send(ask: Ask): Promise<Answer>;
  /** Texts of a page and those after it, where the client follows pages by itself. */
  pages?(url: string, next: (page: number) => string | undefined): Promise<string[]>;
}

/** What a client, by its nature, does otherwise. */
export interface Difference {
  /** For the reader of the table. */
  readonly because: string;
  /** How the law's test fails there: a difference that does not show is none. */
  readonly shows: RegExp;
}

/** One client under the laws. */
export interface Driver {
  /** Column of the table. */
  readonly name: string;
  /** Its server speaks HTTP/2, by this key and certificate. */
  readonly http2?: Pair;
  /** It gates requests to any host at all. */
  readonly anyHost?: boolean;
  client(gate: Headgate): Client;
  /** By the law's title. */
  readonly differences?: Readonly<Record<string, Difference>>;
}

/** An error status, of a client that resolves with it. */
export class Refusal extends Error {
  readonly status: number;
  readonly headgate: CallReport | undefined;

  constructor(status: number, headgate: CallReport | undefined) {
    super(`Status ${status}`);
    this.status = status;
    this.headgate = headgate;
  }
}
