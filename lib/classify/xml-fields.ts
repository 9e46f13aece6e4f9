import { BODY_LIMIT } from '../words/types.ts';

/** Maximum number of tags examined. */
const MAX_TAGS = 2000;
/** Maximum number of fields kept, and of characters of one. */
const MAX_FIELDS = 32;
const MAX_TEXT = 4000;

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
};

const NAME = /^(?:[\w-]+:)?([A-Za-z_][\w-]*)/;
/** SOAP faults of Exchange: `<Value Name="BackOffMilliseconds">`. */
const NAMED = /\sName="([\w-]+)"/;
const ROOT = /^\s*<(?:\?xml[\s?]|[A-Za-z])/;
const HTML =
  /^\s*(?:<\?xml[^<>]*>\s*)?(?:<!doctype html|<(?:html|head|body|h[1-6]|center|title|p|div)[\s/>])/i;

/** True for a web page rather than an XML document. */
export function isHtml(body: string): boolean {
  return HTML.test(body.slice(0, 1000));
}

/**
 * The elements of an XML error body that hold only text, by local name; the first of each name.
 *
 * This is not an XML parser: it looks for text between two tags, in one pass. An error body has a handful of leaves of
 * interest (`Code`, `Message`, `RequestId`), and XML parsers bring 20 to 60 kB and a history of entity expansions.
 * Only the five predefined entities are replaced, so nothing can expand, and depth costs nothing.
 */
export function xmlFields(body: string): Record<string, string> | undefined {
  const text = body.slice(0, BODY_LIMIT);
  if (!ROOT.test(text) || isHtml(text)) return undefined;
  const fields = new Map<string, string>();
  let at = text.indexOf('<');
  for (let tags = 0; at >= 0 && tags < MAX_TAGS && fields.size < MAX_FIELDS; tags++) {
    const end = text.indexOf('>', at);
    if (end < 0) break;
    const tag = text.slice(at + 1, Math.min(end, at + 200));
    const cdata = text.startsWith('<![CDATA[', end + 1);
    const next = cdata ? text.indexOf(']]>', end) : text.indexOf('<', end);
    const name = NAMED.exec(tag)?.[1] ?? NAME.exec(tag)?.[1];
    // A leaf: the next tag closes it.
    if (name !== undefined && next > 0 && text.startsWith('</', cdata ? next + 3 : next)) {
      const raw = text.slice(cdata ? end + 10 : end + 1, Math.min(next, end + MAX_TEXT));
      const value = (cdata ? raw : raw.replace(/&(?:lt|gt|quot|apos|amp);/g, (e) => ENTITIES[e] ?? e)).trim();
      if (value !== '' && !fields.has(name)) fields.set(name, value);
    }
    at = cdata && next > 0 ? text.indexOf('<', next) : next;
  }
  return fields.size === 0 ? undefined : Object.fromEntries(fields);
}
