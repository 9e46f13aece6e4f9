/** An answer that is not 2xx, for clients that only throw when the network does. */
export class StatusError extends Error {
  readonly status: number;
  /** What Retry-After says, in ms; undefined when it says nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, retryAfter: string | null | undefined) {
    super(`status ${status}`);
    this.name = 'StatusError';
    this.status = status;
    this.retryAfterMs = retryAfter ? Number(retryAfter) * 1000 : undefined;
  }
}

/** Fetches, reads the body, and throws unless the answer is 2xx. */
export async function fetchOk(url: string): Promise<string> {
  const response = await fetch(url);
  const body = await response.text();
  if (!response.ok) throw new StatusError(response.status, response.headers.get('retry-after'));
  return body;
}
