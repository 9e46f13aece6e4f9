/** Headers in every form that undici accepts or passes: a record, a flat list, pairs, a Map, Headers. */

/** Header fields by name, in lower case. */
export type Fields = Record<string, string | string[] | undefined>;

/** Headers of any form as a record. A field whose value is `undefined` or `null` counts as absent. */
export function fieldsOf(headers: unknown): Fields {
  const fields: Fields = {};
  for (const [name, value] of pairsOf(headers)) {
    if (value === undefined || value === null) continue;
    const key = text(name).toLowerCase();
    const all = [fields[key] ?? [], Array.isArray(value) ? value.map(text) : text(value)].flat();
    fields[key] = all.length === 1 ? all[0] : all;
  }
  return fields;
}

/**
 * Headers of any form, overridden by `own`, whose names are in lower case. Returns a record, the only form
 * that every interceptor of every major accepts. Names and values keep their form.
 */
export function overlaid(headers: unknown, own: Readonly<Record<string, string>>): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  const names = new Map<string, string>();
  for (const [given, value] of pairsOf(headers)) {
    const key = text(given).toLowerCase();
    if (own[key] !== undefined) continue;
    const name = names.get(key);
    if (name === undefined) {
      names.set(key, text(given));
      record[text(given)] = value;
    } else {
      record[name] = [record[name], value].flat();
    }
  }
  return { ...record, ...own };
}

/** Headers of any form as pairs. */
function pairsOf(headers: unknown): [unknown, unknown][] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (!(Symbol.iterator in headers)) return Object.entries(headers);
  const list = [...(headers as Iterable<unknown>)];
  if (list.every((each) => Array.isArray(each))) return list as [unknown, unknown][];
  return Array.from({ length: list.length / 2 }, (_, n) => [list[2 * n], list[2 * n + 1]]);
}

function text(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}
