import { expect } from 'chai';
import fc from 'fast-check';
import { layersOf, readErrorEnvelope } from '../../lib/classify/error-body.ts';
import { BODY_LIMIT } from '../../lib/words/types.ts';

const codes = (body: string) => [...layersOf(readErrorEnvelope(body))].map(({ code }) => code);

describe('An error body', () => {
  it('is read in the shape that Microsoft documents', () => {
    const body = '{"error":{"code":"InvalidInput","message":"Bad.","target":"43f4cb08"}}';
    expect(readErrorEnvelope(body)).to.include({ code: 'InvalidInput', message: 'Bad.', target: '43f4cb08' });
  });

  it('may lack any field, or have it of the wrong type', () => {
    expect(readErrorEnvelope('{"error":{"code":429}}')).to.include({ code: '429', message: undefined });
    expect(readErrorEnvelope('{"error":{"message":""}}')).to.equal(undefined);
    expect(readErrorEnvelope('{"error":{"code":null,"message":["x"],"target":{}}}')).to.equal(undefined);
    expect(readErrorEnvelope('{"error":{}}')).to.equal(undefined);
    expect(readErrorEnvelope('{"error":[]}')).to.equal(undefined);
    expect(readErrorEnvelope('{"error":null}')).to.equal(undefined);
    expect(readErrorEnvelope('{"error":true}')).to.equal(undefined);
  });

  it('is read in the shapes of Azure Resource Manager and OAuth', () => {
    expect(readErrorEnvelope('{"Code":"429","Message":"Slow."}')).to.include({
      code: '429',
      message: 'Slow.',
    });
    const oauth = '{"error":"invalid_client","error_description":"AADSTS7000215"}';
    expect(readErrorEnvelope(oauth)).to.include({ code: 'invalid_client', message: 'AADSTS7000215' });
  });

  it('shows the errors inside it, outermost first', () => {
    expect(codes('{"error":{"code":"A","innererror":{"code":"B","innerError":{"code":"C"}}}}')).to.eql([
      'A',
      'B',
      'C',
    ]);
    const quoted = JSON.stringify({ error: { code: '429', message: 'again in 8 seconds', target: 't' } });
    const graph = JSON.stringify({
      error: { code: 'UnknownError', message: `statusCode=429 : ${quoted} ...` },
    });
    expect(codes(graph)).to.eql(['UnknownError', '429']);
    expect(codes('{"error":{"code":"A","message":"see {\\"error\\" for more"}}')).to.eql(['A']);
  });

  it('is followed inwards only so far', () => {
    let body: object = { code: 'Z' };
    for (let i = 0; i < 50; i++) body = { code: `${i}`, innererror: body };
    expect(codes(JSON.stringify({ error: body }))).to.have.length(4);
  });

  it('with a byte-order mark or space before it is still read', () => {
    expect(codes('\uFEFF \r\n{"error":{"code":"A"}}')).to.eql(['A']);
  });

  it('that is empty, HTML, cut off, no object or too long says nothing', () => {
    const silent = [
      undefined,
      '',
      ' ',
      '<html>502</html>',
      '{"error":{"code":"A',
      '[]',
      '"x"',
      '7',
      'null',
      '{',
      '{}',
    ];
    for (const body of silent) expect(readErrorEnvelope(body), String(body)).to.equal(undefined);
    const long = JSON.stringify({ error: { code: 'A', message: 'x'.repeat(BODY_LIMIT) } });
    expect(readErrorEnvelope(long)).to.equal(undefined);
  });

  it('that is hostile does no harm', () => {
    expect(readErrorEnvelope('{"__proto__":{"error":{"code":"A"}}}')).to.equal(undefined);
    expect(readErrorEnvelope('[{"error":'.repeat(20_000))).to.equal(undefined);
    expect(readErrorEnvelope('{"error":'.repeat(20_000))).to.equal(undefined);
    const deep = `{"error":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    expect(readErrorEnvelope(deep)).to.equal(undefined);
    expect(readErrorEnvelope(7 as unknown as string)).to.equal(undefined);
  });

  it('never throws, and what it says is text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((json) => `{"error":${json}}`),
        ),
        (body) => {
          for (const { code, message, target } of layersOf(readErrorEnvelope(body))) {
            for (const field of [code, message, target])
              expect(field).to.satisfy((f: unknown) => f === undefined || typeof f === 'string');
          }
        },
      ),
    );
  });
});
