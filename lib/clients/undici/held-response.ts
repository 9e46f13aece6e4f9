import { responseText } from './body.ts';
import type { Fields } from './headers.ts';

/** A response that may be a refusal, and was not yet passed on, or not yet whole. */
export class HeldResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly message: string | undefined;
  /** Undici's own, which not every interceptor gives. */
  readonly rawHeaders: unknown;
  readonly chunks: Uint8Array[] = [];
  /** Bytes that came. */
  size = 0;
  /** Set once it is whole. */
  trailers: Fields | undefined;

  constructor(status: number, headers: Fields, message: string | undefined, rawHeaders: unknown) {
    this.status = status;
    this.headers = headers;
    this.message = message;
    this.rawHeaders = rawHeaders;
  }

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.size += chunk.byteLength;
  }

  /** What came of its body, as text. */
  get text(): string | undefined {
    return responseText(this.chunks, this.headers['content-encoding']);
  }
}
