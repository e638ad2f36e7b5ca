/** The handshake of QUIC (RFC 9001). */
import { describe, expect, it } from 'vitest';
import { clientContext, connected, drain, pair, serverContext } from '../../test/support/connect.ts';
import { outcome } from '../../test/support/probes.ts';
import { type QuicPair, quicHandshake, quicPair, quicServerContext } from '../../test/support/quic.ts';
import { toHex } from '../bytes/bytes.ts';
import type { EncryptionLevel } from '../config/callbacks.ts';
import { ALERTS } from '../registry/alerts.ts';
import { LIMITS } from '../registry/limits.ts';
import { OPTIONS } from '../registry/options.ts';
import type { SslContextOptions } from '../ssl/context.ts';
import { Ssl } from '../ssl/ssl.ts';
import { clientHello } from '../wire/client-hello.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';
import { endOfEarlyData, keyUpdate } from '../wire/tls13-messages.ts';

const quicConnected = (...options: Parameters<typeof quicPair>): QuicPair => {
  const both = quicPair(...options);
  quicHandshake(both);
  return both;
};
const hexOf = (secrets: ReadonlyMap<EncryptionLevel, Uint8Array>): Record<string, string> =>
  Object.fromEntries([...secrets].map(([level, secret]) => [level, toHex(secret)]));
/** Why a handshake fails, and the alert that either end sends. */
function failure(both: QuicPair): { readonly reason: string; readonly alerts: readonly number[] } {
  const reason = outcome(() => quicHandshake(both));
  return { reason, alerts: [...both.client.alerts, ...both.server.alerts] };
}
/** 0-RTT: a server context that allows it, and the session of a first connection with it. */
function early(server: SslContextOptions = {}) {
  const context = quicServerContext({ quicEarlyData: true, quicEarlyDataContext: Uint8Array.of(7), ...server });
  const before = quicConnected({}, context);
  return { context, session: before.client.ssl.session };
}

describe('a handshake over QUIC', () => {
  it('hands out the same secrets on both sides, and no record', () => {
    const { client, server } = quicConnected();
    expect(hexOf(client.write)).toEqual(hexOf(server.read));
    expect(hexOf(client.read)).toEqual(hexOf(server.write));
    expect([...client.read.keys()]).toEqual(['handshake', 'application']);
    expect(client.ssl.connection?.io.records.writer.pending).toBe(0);
    expect([client.flights, server.flights]).toEqual([2, 2]);
    expect([client.ssl.quicReadLevel, client.ssl.quicWriteLevel, server.ssl.quicReadLevel]).toEqual([
      'application',
      'application',
      'application',
    ]);
  });

  it('carries the transport parameters of each side to the other', () => {
    const { client, server } = quicConnected();
    expect(client.ssl.connection?.peerQuicTransportParams).toEqual(Uint8Array.of(4, 5));
    expect(server.ssl.connection?.peerQuicTransportParams).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('says each message at its level, without a session id and without change_cipher_spec', () => {
    const { client, server } = quicPair();
    client.ssl.doHandshake();
    const [hello] = client.sent;
    expect(hello?.level).toBe('initial');
    expect(decodeMessage(clientHello, hello?.data ?? new Uint8Array(0)).value.legacySessionId).toHaveLength(0);
    client.deliverTo(server);
    expect(server.sent.map(({ level }) => level)).toEqual(['initial', 'handshake']);
    server.deliverTo(client);
    expect(client.sent.map(({ level }) => level)).toEqual(['handshake']);
  });

  it('goes through a HelloRetryRequest', () => {
    const both = quicPair({ groups: ['X25519', 'P-384'], keyShares: ['X25519'] }, { groups: ['P-384'] });
    quicHandshake(both);
    expect(both.client.ssl.connection?.group).toBe(24);
  });

  it('takes bytes in any pieces', () => {
    const { client, server } = quicPair();
    client.ssl.doHandshake();
    for (const { level, data } of client.sent.splice(0)) for (const byte of data) server.ssl.provideQuicData(level, Uint8Array.of(byte));
    server.ssl.doHandshake();
    for (const { level, data } of server.sent.splice(0)) {
      for (const byte of data) {
        client.ssl.provideQuicData(level, Uint8Array.of(byte));
        client.ssl.doHandshake();
      }
    }
    expect(client.deliverTo(server)).toBe(true);
  });

  it('exports keys as ever', () => {
    const { client, server } = quicConnected();
    expect(client.ssl.exportKeyingMaterial(16, 'label')).toEqual(server.ssl.exportKeyingMaterial(16, 'label'));
  });
});

describe('what QUIC forbids', () => {
  it('offers and takes nothing before TLS 1.3 (4.2)', () => {
    const both = quicPair({ minProtoVersion: 'TLSv1.2' });
    both.client.ssl.doHandshake();
    const { extensions } = decodeMessage(clientHello, both.client.sent[0]?.data ?? new Uint8Array(0)).value;
    expect(toHex(extensions.find(({ type }) => type === 43)?.data ?? new Uint8Array(0))).toBe('020304');
    expect(failure(quicPair({ maxProtoVersion: 'TLSv1.2' })).reason).toBe('NO_PROTOCOLS_AVAILABLE');
  });

  it('needs an application protocol (8.1)', () => {
    const none = { alpnProtocols: [] };
    expect(failure(quicPair(none)).reason).toBe('NO_APPLICATION_PROTOCOL');
    expect(failure(quicPair({}, none))).toEqual({ reason: 'NO_APPLICATION_PROTOCOL', alerts: [ALERTS.no_application_protocol] });
  });

  it('needs transport parameters on both sides, and under the same number (8.2)', () => {
    const silent = quicPair();
    silent.server.ssl.set('quicLegacyCodepoint', true);
    expect(failure(silent)).toEqual({ reason: 'MISSING_EXTENSION', alerts: [ALERTS.missing_extension] });
    const unset = quicPair();
    unset.client.ssl.set('quicTransportParams', undefined);
    expect(failure(unset).reason).toBe('QUIC_TRANSPORT_PARAMETERS_MISCONFIGURED');
    const legacy = quicPair();
    for (const { ssl } of [legacy.client, legacy.server]) ssl.set('quicLegacyCodepoint', true);
    quicHandshake(legacy);
    expect(legacy.client.ssl.connection?.peerQuicTransportParams).toEqual(Uint8Array.of(4, 5));
  });

  it('refuses transport parameters outside QUIC (8.2)', () => {
    const { client } = pair();
    client.set('quicTransportParams', Uint8Array.of(1));
    expect(() => client.doHandshake()).toThrow(expect.objectContaining({ reason: 'QUIC_TRANSPORT_PARAMETERS_MISCONFIGURED' }));
    for (const maxProtoVersion of ['TLSv1.2', 'TLSv1.3']) {
      const [hello] = quicHello();
      const { server, toServer } = pair({}, { maxProtoVersion });
      toServer.write(Uint8Array.of(22, 3, 1, hello.length >> 8, hello.length & 255, ...hello));
      const refused = () => server.doHandshake();
      expect(refused).toThrow(
        expect.objectContaining({ alert: maxProtoVersion === 'TLSv1.3' ? 'unsupported_extension' : 'protocol_version' }),
      );
    }
  });

  it('refuses a session id of a client that pretends to be TLS 1.2 (8.4)', () => {
    const [hello] = quicHello();
    const { value } = decodeMessage(clientHello, hello);
    const { server } = quicPair();
    server.ssl.provideQuicData('initial', encodeMessage(clientHello, { ...value, legacySessionId: new Uint8Array(32) }));
    expect(() => server.ssl.doHandshake()).toThrow(
      expect.objectContaining({ reason: 'UNEXPECTED_COMPATIBILITY_MODE', alert: 'illegal_parameter' }),
    );
    expect(server.alerts).toEqual([ALERTS.illegal_parameter]);
  });

  it('refuses KeyUpdate (6) and EndOfEarlyData (8.3)', () => {
    const { client, server } = quicConnected();
    server.ssl.provideQuicData('application', encodeMessage(keyUpdate, { requestUpdate: 0 }));
    expect(() => server.ssl.processQuicPostHandshake()).toThrow(expect.objectContaining({ alert: 'unexpected_message' }));
    client.ssl.provideQuicData('application', encodeMessage(endOfEarlyData, {}));
    expect(() => client.ssl.processQuicPostHandshake()).toThrow(expect.objectContaining({ alert: 'unexpected_message' }));
  });

  it('does not use AES-CCM with a short tag, which has no header protection (5.3)', () => {
    expect(failure(quicPair({ cipherSuites: 'TLS_AES_128_CCM_8_SHA256', securityLevel: 0 })).reason).toBe('NO_CIPHERS_AVAILABLE');
  });

  it('leaves data, keys and the end of the connection to QUIC', () => {
    const { client } = quicConnected();
    for (const call of [
      () => client.ssl.write(new Uint8Array(1)),
      () => client.ssl.read(),
      () => client.ssl.shutdown(),
      () => client.ssl.keyUpdate(false),
    ])
      expect(call).toThrow(expect.objectContaining({ reason: 'SHOULD_NOT_HAVE_BEEN_CALLED' }));
    const [records] = [connected().client];
    expect(() => records.provideQuicData('application', new Uint8Array(1))).toThrow(
      expect.objectContaining({ reason: 'SHOULD_NOT_HAVE_BEEN_CALLED' }),
    );
    expect(() => records.processQuicPostHandshake()).toThrow(expect.objectContaining({ reason: 'SHOULD_NOT_HAVE_BEEN_CALLED' }));
  });
});

describe('levels', () => {
  it('refuses bytes of another level than is due, and goes on', () => {
    const both = quicPair();
    both.client.ssl.doHandshake();
    expect(() => both.server.ssl.provideQuicData('handshake', Uint8Array.of(1))).toThrow(
      expect.objectContaining({ reason: 'WRONG_ENCRYPTION_LEVEL_RECEIVED' }),
    );
    quicHandshake(both);
  });

  it('bounds what may wait at a level', () => {
    const { server, client } = quicPair();
    const most = LIMITS.quicFlight.value;
    expect(server.ssl.quicMaxHandshakeFlightLen('initial')).toBe(most);
    expect(server.ssl.quicMaxHandshakeFlightLen('early_data')).toBe(0);
    expect(client.ssl.quicMaxHandshakeFlightLen('handshake')).toBe(2 * LIMITS.certificateList.value);
    server.ssl.provideQuicData('initial', new Uint8Array(most));
    expect(() => server.ssl.provideQuicData('initial', Uint8Array.of(0))).toThrow(
      expect.objectContaining({ reason: 'EXCESSIVE_MESSAGE_SIZE' }),
    );
  });

  it.each(['together', 'apart'])('refuses bytes that are left over where the level changes (%s)', (how) => {
    const { server } = quicPair();
    const [hello] = quicHello();
    if (how === 'apart') {
      server.ssl.provideQuicData('initial', hello);
      server.ssl.provideQuicData('initial', Uint8Array.of(1));
    } else server.ssl.provideQuicData('initial', Uint8Array.of(...hello, 1));
    expect(() => server.ssl.doHandshake()).toThrow(
      expect.objectContaining({ reason: 'NOT_ON_RECORD_BOUNDARY', alert: 'unexpected_message' }),
    );
  });
});

describe('resumption over QUIC', () => {
  it('takes tickets after the handshake', () => {
    const context = quicServerContext();
    const first = quicConnected({}, context);
    const second = quicPair({}, context);
    second.client.ssl.setSession(first.client.ssl.session);
    quicHandshake(second);
    expect(second.server.ssl.connection?.reused).toBe(true);
  });

  it('keeps sessions of QUIC and of records apart, on both sides', () => {
    const context = quicServerContext();
    const overQuic = quicConnected({}, context).client.ssl.session;
    const plain = pair({ alpnProtocols: ['h3'] }, context);
    plain.client.setSession(overQuic);
    plain.client.doHandshake();
    plain.server.doHandshake();
    expect(plain.server.connection?.reused).toBe(false);
    const records = connected({ alpnProtocols: ['h3'] }, context);
    drain(records.client);
    const back = quicPair({}, context);
    back.client.ssl.setSession(records.client.session);
    quicHandshake(back);
    expect(back.server.ssl.connection?.reused).toBe(false);
    // A client that hides where its session is from.
    records.client.session?.update({ isQuic: true });
    const liar = quicPair({}, context);
    liar.client.ssl.setSession(records.client.session);
    quicHandshake(liar);
    expect(liar.server.ssl.connection?.reused).toBe(false);
  });

  it('offers and takes 0-RTT, with keys for it beside those of the handshake', () => {
    const { context, session } = early();
    const both = quicPair({ quicEarlyData: true }, context);
    both.client.ssl.setSession(session);
    both.client.ssl.doHandshake();
    expect(both.client.ssl.connection?.earlyData).toBe('offered');
    expect([...both.client.write.keys()]).toEqual(['early_data']);
    both.client.deliverTo(both.server);
    expect(both.server.ssl.connection?.earlyData).toBe('accepted');
    expect(hexOf(both.server.read).early_data).toBe(hexOf(both.client.write).early_data);
    expect([...both.server.read.keys()]).toEqual(['early_data', 'handshake']);
    quicHandshake(both);
    expect(both.client.ssl.connection?.earlyData).toBe('accepted');
  });

  it.each([
    ['another context', { quicEarlyDataContext: Uint8Array.of(8) }],
    ['no context', { quicEarlyDataContext: undefined }],
    ['early data switched off', { quicEarlyData: false }],
  ])('refuses 0-RTT with %s, and resumes all the same', (_what, settings) => {
    const { context, session } = early();
    const both = quicPair({ quicEarlyData: true }, context);
    for (const [name, value] of Object.entries(settings)) both.server.ssl.set(name as 'quicEarlyData', value as boolean);
    both.client.ssl.setSession(session);
    quicHandshake(both);
    expect([both.client.ssl.connection?.earlyData, both.server.ssl.connection?.reused]).toEqual(['rejected', true]);
  });

  it('does not take the same 0-RTT twice', () => {
    const { context, session } = early();
    const verdicts = [0, 1].map(() => {
      const both = quicPair({ quicEarlyData: true }, context);
      both.client.ssl.setSession(session);
      quicHandshake(both);
      return both.client.ssl.connection?.earlyData;
    });
    expect(verdicts[0]).toBe('accepted');
    expect(verdicts[1]).not.toBe('accepted');
  });

  it('goes on after a HelloRetryRequest that refuses 0-RTT', () => {
    const { context, session } = early({ groups: ['X25519', 'P-384'] });
    const both = quicPair({ quicEarlyData: true, groups: ['X25519', 'P-384'], keyShares: ['X25519'] }, context);
    both.server.ssl.set('groups', ['P-384']);
    both.client.ssl.setSession(session);
    quicHandshake(both);
    expect([both.client.ssl.connection?.earlyData, both.client.ssl.connection?.group]).toEqual(['rejected', 24]);
  });

  it('refuses a ticket that bounds 0-RTT (4.6.1)', () => {
    const both = quicPair(
      {},
      { maxEarlyData: 100, options: OPTIONS.NO_ANTI_REPLAY, quicEarlyData: true, quicEarlyDataContext: Uint8Array.of(1) },
    );
    both.client.ssl.doHandshake();
    both.client.deliverTo(both.server);
    both.server.deliverTo(both.client);
    both.client.deliverTo(both.server);
    for (const { data } of both.server.sent) {
      // The last four bytes of a ticket are max_early_data_size.
      data.set([0, 0, 0x40, 0], data.length - 4);
    }
    expect(() => both.server.deliverTo(both.client)).toThrow(
      expect.objectContaining({ reason: 'BAD_EARLY_DATA', alert: 'illegal_parameter' }),
    );
  });

  it('is a setting that a duplicate has, too', () => {
    const { client } = quicPair();
    const copy = client.ssl.dup() as Ssl;
    expect(copy.get('quicTransportParams')).toEqual(Uint8Array.of(1, 2, 3));
    expect(new Ssl(clientContext()).get('quicTransportParams')).toBeUndefined();
    expect(serverContext().get('quicEarlyData')).toBe(false);
  });
});

/** The first message of a client. */
function quicHello(): [Uint8Array] {
  const { client } = quicPair();
  client.ssl.doHandshake();
  return [client.sent[0]?.data ?? new Uint8Array(0)];
}
