import { describe, expect, it } from 'vitest';
import { connected, drain } from '../../test/support/connect.ts';
import { utf8, fromUtf8 } from '../bytes/bytes.ts';

describe('a handshake in memory', () => {
  it('connects and carries data both ways', () => {
    const { client, server } = connected();
    expect(client.connection?.version).toBe(0x0304);
    expect(client.write(utf8('hello'))).toBe(5);
    expect(fromUtf8(drain(server))).toBe('hello');
    server.write(utf8('world'));
    expect(fromUtf8(drain(client))).toBe('world');
    expect(client.session?.isResumable).toBe(true);
  });
});
