/**
 * Mocha requires this first in each of its processes: what Node.js compiles is kept, with the types stripped, for the next
 * process, of which some specs start dozens. Node.js itself leaves the cache alone while it collects coverage.
 */
import { enableCompileCache } from 'node:module';
import path from 'node:path';

process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, '../../node_modules/.cache/compiled');
enableCompileCache(process.env.NODE_COMPILE_CACHE);
