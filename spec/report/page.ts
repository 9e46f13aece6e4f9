/** The script and the style of the report's page, bundled into `lib/report/assets.ts`: `npm run page` after each change. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, transform } from 'esbuild';

const root = path.join(import.meta.dirname, '../..');
export const ASSETS: string = path.join(root, 'lib/report/assets.ts');

/** The text of `lib/report/assets.ts` as the sources of the page make it. */
export async function assets(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'lib/report/page/page.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
  });
  const styles = [
    path.join(root, 'node_modules/uplot/dist/uPlot.min.css'),
    path.join(root, 'lib/report/page/page.css'),
  ];
  const css = (await Promise.all(styles.map((file) => readFile(file, 'utf8')))).join('\n');
  const { code: style } = await transform(css, { loader: 'css', minify: true, charset: 'ascii' });
  // Nothing in an element of its own may end that element.
  const script = (outputFiles[0]?.text ?? '').trim().replaceAll('</script', '<\\/script');
  return `// Made by \`npm run page\` of lib/report/page. It holds uPlot, (c) 2022 Leon Sorokin, MIT licence.
/** Script of the report's page. */
export const SCRIPT: string = ${JSON.stringify(script)};
/** Style of the report's page. */
export const STYLE: string = ${JSON.stringify(style.trim())};
`;
}

if (process.argv[2] === '--write') await writeFile(ASSETS, await assets());
