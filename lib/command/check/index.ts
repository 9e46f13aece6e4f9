import { OptionsError } from '../../index.ts';
import { readOptions } from '../../options/read.ts';
import { loadPolicy } from '../../policy-file/index.ts';
import { type Answer, EXIT, type Surroundings } from '../answer.ts';
import { bullets, wrapped } from '../output.ts';
import { doubtsOf } from './doubts.ts';
import { sentencesOf } from './sentences.ts';

/** `headgate check`: whether a policy is valid, what it means, and what looks doubtful. */
export function check(file: string, _flags: unknown, { width }: Surroundings): Answer {
  let settings: ReturnType<typeof readOptions>;
  try {
    settings = readOptions(loadPolicy(file).options);
  } catch (error) {
    // An unreadable file says nothing about the policy.
    if (
      !(error instanceof OptionsError) ||
      (error.option === file && / file that can be read,/.test(error.message))
    )
      throw error;
    const { option, message } = error;
    return {
      json: { policy: file, valid: false, errors: [{ option, message }], sentences: [], doubts: [] },
      text: `${wrapped(`${file} is not valid.`, width)}\n\n${bullets([message], width)}`,
      exit: EXIT.NO,
    };
  }
  const sentences = sentencesOf(settings);
  const doubts = doubtsOf(settings);
  return {
    json: { policy: file, valid: true, errors: [], sentences, doubts },
    text: [
      wrapped(`${file} is valid.`, width),
      bullets(sentences, width),
      ...(doubts.length > 0 ? [`Doubtful\n${bullets(doubts, width)}`] : []),
    ].join('\n\n'),
    exit: EXIT.OK,
  };
}
