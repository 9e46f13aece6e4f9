/** `headgate/report`: records what a gate does, and draws it as one self-contained page. */

export { type ReportOptions, report } from './html.ts';
export type { GateRecord, RecordedCall, RecordedPause, RecordedSample, RecordLine } from './record.ts';
export { type Recordable, type Recording, type RecordOptions, readRecord, record } from './recorder.ts';
