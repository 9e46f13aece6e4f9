/** For `--import`: before anything imports the API. */
import { withApi19 } from './otel-sdks.ts';

withApi19();
