import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIVE, listening, readAll } from '../../test/support/loopback.ts';
import { connect, createServer, type Server, type TLSSocket } from './index.ts';

const { ca, cert, key } = LIVE;

describe('under node:http', () => {
  const web = http.createServer(async (request, response) => {
    const body = await readAll(request);
    response.end(`${request.method} ${(request.socket as unknown as TLSSocket).getProtocol()} ${body.length}`);
  });
  const server: Server = createServer({ cert, key }, (socket) => web.emit('connection', socket));
  const node = https.createServer({ cert, key }, (_request, response) => response.end(Buffer.alloc(500_000)));
  let port = 0;
  let nodePort = 0;

  beforeAll(async () => {
    port = await listening(server);
    nodePort = await listening(node);
  });
  afterAll(() => {
    for (const each of [web, server, node]) each.close();
    for (const each of [web, node]) each.closeAllConnections();
  });

  it('serves clients of node:https', async () => {
    const agent = new https.Agent({ keepAlive: false });
    const request = https.request({ port, host: 'localhost', ca, method: 'POST', agent });
    request.end(Buffer.alloc(200_000));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect((await readAll(response)).toString()).toBe('POST TLSv1.3 200000');
  });

  it('carries requests made with createConnection', async () => {
    const request = http.get({ port, host: 'localhost', createConnection: () => connect({ port, host: 'localhost', ca }) });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect((await readAll(response)).toString()).toBe('GET TLSv1.3 0');
  });

  it('is kept alive by an agent, against a server of node:https', async () => {
    const agent = new https.Agent({ keepAlive: true });
    let made = 0;
    Object.assign(agent, {
      createConnection: (options: object) => {
        made++;
        return connect({ ...options, ca });
      },
    });
    for (let i = 0; i < 3; i++) {
      const request = https.get({ port: nodePort, host: 'localhost', agent });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      expect((await readAll(response)).length).toBe(500_000);
    }
    expect(made).toBe(1);
    agent.destroy();
  });
});
