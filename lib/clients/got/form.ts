/** The part of got's `Options` that concerns forms. */
interface FormOptions {
  readonly body?: unknown;
  readonly headers: object;
}

/**
 * A call's body that is a form. Before sending, got converts it to a stream, which can be read once, and a content type
 * that fits only this stream. The form itself allows got to make both again.
 */
export class Form {
  readonly #body: FormData;
  /** True if the user set the content type. */
  readonly #typed: boolean;

  private constructor(body: FormData, typed: boolean) {
    this.#body = body;
    this.#typed = typed;
  }

  static of({ body, headers }: FormOptions): Form | undefined {
    if (!(body instanceof FormData)) return undefined;
    return new Form(body, (headers as Record<string, unknown>)['content-type'] !== undefined);
  }

  /** Puts the form back in place of its stream. */
  refill(options: FormOptions): void {
    if (!this.#typed) delete (options.headers as Record<string, unknown>)['content-type'];
    Object.assign(options, { body: this.#body });
  }
}
