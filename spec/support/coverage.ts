/**
 * Mocha's parallel workers have one second to exit, after which they get a SIGTERM. Writing the coverage of a whole worker takes
 * longer, so while coverage is collected the signal is ignored: a worker exits by itself once it has written.
 */
if (process.env.NODE_V8_COVERAGE !== undefined) process.on('SIGTERM', () => undefined);
