import { expect } from 'chai';
import { headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

forEachMajor('A connection that ends without a response', (got) => {
  for (const isStream of [false, true]) {
    it(`ends its call, as a ${isStream ? 'stream' : 'promise'}`, async () => {
      // given a server that switches protocols unasked: Node.js closes such a connection, and tells nobody
      const server = await TestServer.start();
      server.handler = (_n, { socket }) =>
        socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
      const gate = headgate({
        adaptive: false,
        retry: { attempts: 2, deadline: '300ms', backoff: { base: 1, max: 2 } },
      });
      const events = record(gate);
      const api = gate.got(got);
      // when a request is made
      const error = await failureOf(
        isStream
          ? new Promise((resolve, reject) =>
              api.stream(server.url).on('error', reject).on('end', resolve).resume(),
            )
          : api(server.url),
      );
      // then a promise fails, after another attempt; a stream, whose user may take the socket, by its deadline
      expect(error.code).to.equal(isStream ? 'ERR_HEADGATE_DEADLINE' : 'ERR_STREAM_PREMATURE_CLOSE');
      expect(names(events).filter((name) => name === 'attempt')).to.have.length(isStream ? 1 : 2);
      expect(names(events).filter((name) => name === 'failure')).to.have.length(1);
      expect(gate.quotas()[0]).to.include({ inFlight: 0 });
      await gate.close();
      await server.close();
    });
  }
});
