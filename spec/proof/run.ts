import { unhandled } from './breaches.ts';
import { matrix } from './matrix.ts';

const [client, fault] = process.argv.slice(2);
const rows = await matrix({ ...(client && { client }), ...(fault && { fault }) });
for (const each of new Set(unhandled)) console.log(each);
process.exit(rows.some((r) => r.breaches.length > 0) || unhandled.length > 0 ? 1 : 0);
