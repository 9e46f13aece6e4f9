/** got's `Options`, as far as a form is concerned. */
interface FormOptions {
  readonly body?: unknown;
  readonly headers: object;
}

/**
 * The body of a call, where it is a form. got makes a stream of it before it sends it, which is gone then, and a
 * content type, which fits that stream alone; of the form itself both can be made again.
 */
export class Form {
  readonly #body: FormData;
  /** Its user chose the content type. */
  readonly #typed: boolean;

  private constructor(body: FormData, typed: boolean) {
    this.#body = body;
    this.#typed = typed;
  }

  static of({ body, headers }: FormOptions): Form | undefined {
    if (!(body instanceof FormData)) return undefined;
    return new Form(body, (headers as Record<string, unknown>)['content-type'] !== undefined);
  }

  /** Puts the form in the place of the stream that was made of it. */
  refill(options: FormOptions): void {
    if (!this.#typed) delete (options.headers as Record<string, unknown>)['content-type'];
    Object.assign(options, { body: this.#body });
  }
}
