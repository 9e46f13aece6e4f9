/** Values for placeholders: numbers by name, e.g. `remaining` and `remaining:tokens`. */
export type Values = Readonly<Record<string, number | undefined>>;

const PLACEHOLDER = /\{([a-zA-Z]+(?::[\w-]+)?)\}/g;
const WHOLE = /^\{([a-zA-Z]+(?::[\w-]+)?)\}$/;

/** Headers with their placeholders filled; a header whose placeholder has no value is left out. */
export function filledHeaders(
  headers: Readonly<Record<string, string>> = {},
  values: Values,
): Record<string, string> {
  const filled: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers)) {
    const names = [...text.matchAll(PLACEHOLDER)].map(([, each]) => each as string);
    if (names.some((each) => values[each] === undefined)) continue;
    filled[name.toLowerCase()] = text.replaceAll(PLACEHOLDER, (_, each: string) => String(values[each]));
  }
  return filled;
}

/** A body with its placeholders filled; a text that is a single placeholder becomes a number. */
export function filledBody(body: unknown, values: Values): unknown {
  if (typeof body === 'string') {
    const whole = WHOLE.exec(body)?.[1];
    if (whole !== undefined) return values[whole] ?? 0;
    return body.replaceAll(PLACEHOLDER, (_, each: string) => String(values[each] ?? 0));
  }
  if (Array.isArray(body)) return body.map((each) => filledBody(each, values));
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, filledBody(value, values)]));
}

/** Puts a number into a body at a path such as `usage.total_tokens`. */
export function put(body: Record<string, unknown>, path: readonly string[], value: number): void {
  const [name, ...rest] = path;
  if (name === undefined || name === '__proto__') return;
  if (rest.length === 0) body[name] = value;
  else {
    const inner = typeof body[name] === 'object' && body[name] !== null ? body[name] : {};
    body[name] = inner;
    put(inner as Record<string, unknown>, rest, value);
  }
}
