/** Readable output of the command: fits the width of the terminal, without colours or escapes. */

/** Maximum width of text, in columns: longer lines are hard to read. */
const MAX_WIDTH = 100;
/** Minimum width, below which a terminal wraps lines itself. */
const MIN_WIDTH = 24;

/** Width of the text for a stream; {@link MAX_WIDTH} if it is not a terminal. */
export function widthOf(stream: { readonly columns?: number | undefined }): number {
  return Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, stream.columns || MAX_WIDTH));
}

/** Breaks text into lines at blanks. A word longer than a line stays whole, so that paths and IDs can be copied. */
export function wrapped(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && indent.length + line.length + 1 + word.length > width) {
        lines.push(indent + line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push((indent + line).trimEnd());
  }
  return lines.join('\n');
}

/** Bulleted sentences. */
export function bullets(sentences: readonly string[], width: number): string {
  return sentences.map((sentence) => `- ${wrapped(sentence, width, '  ').trimStart()}`).join('\n');
}

/** Names and values in aligned columns; a long value continues on the next line of its column. */
export function pairs(
  rows: readonly (readonly [name: string, ...values: string[]])[],
  width: number,
): string {
  const columns = Math.max(...rows.map(({ length }) => length));
  const nameWidth = Math.max(...rows.map(([name]) => name.length)) + 2;
  const valueWidth = Math.max(8, Math.floor((width - nameWidth) / (columns - 1)));
  const lines: string[] = [];
  for (const [name, ...values] of rows) {
    const cells = values.map((value) =>
      wrapped(value, columns === 2 ? valueWidth : valueWidth - 2).split('\n'),
    );
    const height = Math.max(1, ...cells.map(({ length }) => length));
    for (let row = 0; row < height; row += 1) {
      const texts = cells.map((cell) => (cell[row] ?? '').padEnd(valueWidth));
      lines.push(`${(row === 0 ? name : '').padEnd(nameWidth)}${texts.join('')}`.trimEnd());
    }
  }
  return lines.join('\n');
}
