import { responseText } from './body.ts';
import type { Fields } from './headers.ts';

/** A response that may be a refusal and has not been passed on, at least not entirely. */
export class HeldResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly message: string | undefined;
  /** undici's raw headers; not every interceptor passes them. */
  readonly rawHeaders: unknown;
  readonly chunks: Uint8Array[] = [];
  /** Number of bytes that arrived. */
  size = 0;
  /** Set once the response is complete. */
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

  /** The body that has arrived so far, as text. */
  get text(): string | undefined {
    return responseText(this.chunks, this.headers['content-encoding']);
  }
}
