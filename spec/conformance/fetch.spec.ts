import { families } from './drivers/index.ts';
import { conform } from './suite.ts';

conform(families.fetch);
