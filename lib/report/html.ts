import { SCRIPT, STYLE } from './assets.ts';
import type { GateRecord } from './record.ts';
import { summaryOf } from './summary.ts';

/** Options of {@link report}. */
export interface ReportOptions {
  /** Title of the page. Default: `Headgate: <name of the gate>`. */
  readonly title?: string | undefined;
}

/**
 * Draws a record as one HTML page without any other file: timelines of the quotas, the slowest and the failed calls as
 * waterfalls of attempts, a searchable table of failures, and advice. The page loads nothing and runs offline.
 *
 * @example
 * await writeFile('gate.html', report(await readRecord('gate.jsonl')));
 */
export function report(record: GateRecord, { title }: ReportOptions = {}): string {
  const shown = title ?? `Headgate: ${record.gate === '' ? 'an empty record' : record.gate}`;
  const data = JSON.stringify(summaryOf(record, shown));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escaped(shown)}</title>
<style>${STYLE}</style>
</head>
<body>
<noscript>This page needs JavaScript to draw the record that it holds. It loads nothing from elsewhere.</noscript>
<script type="application/json" id="data">${inScript(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** JSON that cannot end the script element that holds it, whatever a URL or a server's code says. */
function inScript(json: string): string {
  return json.replace(/[<\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
