import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/bytes/bytes.ts';
import { type AlertName, PeerAlert, type Reason } from '../../src/index.ts';
import { CONTENT_TYPE } from '../../src/registry/content-types.ts';
import { againstServer } from './client-peer.ts';
import type { Peer } from './peer.ts';
import { againstClient } from './server-peer.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

/** A victim of either role, fresh, within its handshake, and connected. */
const ROLES = [
  {
    role: 'client',
    fresh: (): Peer => againstClient().turn(),
    within: (): Peer => againstClient().play('SH'),
    connected: (): Peer => againstClient().handshake(),
  },
  {
    role: 'server',
    fresh: (): Peer => againstServer().turn(),
    within: (): Peer => againstServer().play('CH'),
    connected: (): Peer => againstServer().handshake(),
  },
] as const;

interface Row {
  readonly name: string;
  readonly when: 'fresh' | 'within' | 'connected';
  readonly send: (peer: Peer) => unknown;
  readonly alert: AlertName;
  readonly reason: Reason;
}

const record = (type: number, version: number, fragment: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(type, version >>> 8, version, fragment.length >>> 8, fragment.length), fragment);
const { alert, applicationData, changeCipherSpec, handshake } = CONTENT_TYPE;

const ROWS: readonly Row[] = [
  // what stands in a header
  {
    name: 'a record of type 19',
    when: 'fresh',
    send: (peer) => peer.sendBytes(record(19, 0x0303, new Uint8Array(4))),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'a heartbeat',
    when: 'fresh',
    send: (peer) => peer.sendBytes(record(24, 0x0303, new Uint8Array(4))),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'a heartbeat on a connection in use',
    when: 'connected',
    send: (peer) => peer.sendBytes(record(24, 0x0303, new Uint8Array(40))),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'HTTP',
    when: 'fresh',
    send: (peer) => peer.sendBytes(utf8('GET / HTTP/1.1\r\n\r\n')),
    alert: 'unexpected_message',
    reason: 'HTTP_REQUEST',
  },
  {
    name: 'a record of version 2',
    when: 'fresh',
    send: (peer) => peer.sendBytes(record(handshake, 0x0200, new Uint8Array(4))),
    alert: 'protocol_version',
    reason: 'WRONG_VERSION_NUMBER',
  },
  {
    name: 'a protected record of version 4',
    when: 'connected',
    send: (peer) => peer.sendBytes(record(applicationData, 0x0400, new Uint8Array(40))),
    alert: 'protocol_version',
    reason: 'WRONG_VERSION_NUMBER',
  },
  {
    name: 'a record that is longer than records are',
    when: 'fresh',
    send: (peer) => peer.sendBytes(Uint8Array.of(handshake, 3, 3, 0x40, 1)),
    alert: 'record_overflow',
    reason: 'DATA_LENGTH_TOO_LONG',
  },
  {
    name: 'a protected record that is longer than those are',
    when: 'connected',
    send: (peer) => peer.sendBytes(Uint8Array.of(applicationData, 3, 3, 0x41, 1)),
    alert: 'record_overflow',
    reason: 'ENCRYPTED_LENGTH_TOO_LONG',
  },

  // protection
  {
    name: 'unprotected data',
    when: 'fresh',
    send: (peer) => peer.sendRecord(applicationData, utf8('data')),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'unprotected data, though there is none',
    when: 'fresh',
    send: (peer) => peer.sendRecord(applicationData, utf8('')),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'an unprotected message after the keys',
    when: 'within',
    send: (peer) => peer.sendRecord(handshake, utf8('data'), { stage: 'plain' }),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'an unprotected message on a connection in use',
    when: 'connected',
    send: (peer) => peer.sendRecord(handshake, utf8('data'), { stage: 'plain' }),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'an unprotected alert on a connection in use',
    when: 'connected',
    send: (peer) => peer.sendRecord(alert, Uint8Array.of(2, 40), { stage: 'plain' }),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'a record that does not open',
    when: 'connected',
    send: (peer) => peer.sendBytes(record(applicationData, 0x0303, new Uint8Array(40))),
    alert: 'bad_record_mac',
    reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  },
  {
    name: 'a record that is shorter than a tag',
    when: 'connected',
    send: (peer) => peer.sendBytes(record(applicationData, 0x0303, new Uint8Array(15))),
    alert: 'bad_record_mac',
    reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  },
  {
    name: 'an empty protected record',
    when: 'connected',
    send: (peer) => peer.sendBytes(record(applicationData, 0x0303, new Uint8Array(0))),
    alert: 'bad_record_mac',
    reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  },
  {
    name: 'a record under the keys of the stage before',
    when: 'connected',
    send: (peer) => peer.sendRecord(applicationData, utf8('data'), { stage: 'handshake' }),
    alert: 'bad_record_mac',
    reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  },
  { name: 'a record twice', when: 'connected', send: replay, alert: 'bad_record_mac', reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC' },
  {
    name: 'the second record before the first',
    when: 'connected',
    send: swap,
    alert: 'bad_record_mac',
    reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  },
  {
    name: 'a record of zeros alone',
    when: 'connected',
    send: (peer) => peer.sendRecord(0, new Uint8Array(20)),
    alert: 'unexpected_message',
    reason: 'BAD_RECORD_TYPE',
  },
  {
    name: 'a hidden type nobody knows',
    when: 'connected',
    send: (peer) => peer.sendRecord(25, new Uint8Array(20)),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_RECORD',
  },
  {
    name: 'a protected compatibility record',
    when: 'within',
    send: (peer) => peer.sendRecord(changeCipherSpec, Uint8Array.of(1)),
    alert: 'unexpected_message',
    reason: 'BAD_CHANGE_CIPHER_SPEC',
  },
  {
    name: 'more data in a record than records have',
    when: 'connected',
    send: (peer) => peer.sendRecord(applicationData, new Uint8Array(16_385)),
    alert: 'record_overflow',
    reason: 'DATA_LENGTH_TOO_LONG',
  },
  {
    name: 'more padding in a record than there is room for',
    when: 'connected',
    send: (peer) => peer.sendRecord(applicationData, new Uint8Array(1), { padding: 16_384 }),
    alert: 'record_overflow',
    reason: 'DATA_LENGTH_TOO_LONG',
  },

  // content
  {
    name: 'an empty handshake record',
    when: 'fresh',
    send: (peer) => peer.sendRecord(handshake, new Uint8Array(0)),
    alert: 'unexpected_message',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'an empty handshake record under protection',
    when: 'within',
    send: (peer) => peer.sendRecord(handshake, new Uint8Array(0)),
    alert: 'unexpected_message',
    reason: 'BAD_LENGTH',
  },
  {
    name: 'data within the handshake',
    when: 'within',
    send: (peer) => peer.sendData(),
    alert: 'unexpected_message',
    reason: 'APP_DATA_IN_HANDSHAKE',
  },
  {
    name: 'data within the handshake, though there is none',
    when: 'within',
    send: (peer) => peer.sendData(''),
    alert: 'unexpected_message',
    reason: 'APP_DATA_IN_HANDSHAKE',
  },
  {
    name: 'data within a message',
    when: 'connected',
    send: (peer) => peer.sendRaw(Uint8Array.of(24, 0, 0)).sendData(),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_RECORD',
  },
  {
    name: 'an alert within a message',
    when: 'connected',
    send: (peer) => peer.sendRaw(Uint8Array.of(24)).sendAlert(0, 1),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_RECORD',
  },
  {
    name: 'a compatibility record within a message',
    when: 'within',
    send: (peer) => peer.sendRaw(Uint8Array.of(8)).sendChangeCipherSpec(),
    alert: 'unexpected_message',
    reason: 'UNEXPECTED_RECORD',
  },
  {
    name: 'a message behind one that changes keys',
    when: 'connected',
    send: (peer) => peer.sendRaw(Uint8Array.of(24, 0, 0, 1, 0, 24, 0, 0, 1, 0)),
    alert: 'unexpected_message',
    reason: 'NOT_ON_RECORD_BOUNDARY',
  },
  {
    name: 'the beginning of a message behind one that changes keys',
    when: 'connected',
    send: (peer) => peer.sendRaw(Uint8Array.of(24, 0, 0, 1, 0, 24)),
    alert: 'unexpected_message',
    reason: 'NOT_ON_RECORD_BOUNDARY',
  },
  {
    name: 'a message that is too long',
    when: 'connected',
    send: (peer) => peer.sendRaw(Uint8Array.of(24, 0, 0, 2)),
    alert: 'illegal_parameter',
    reason: 'EXCESSIVE_MESSAGE_SIZE',
  },
  {
    name: 'an alert of one byte',
    when: 'connected',
    send: (peer) => peer.sendRecord(alert, Uint8Array.of(1)),
    alert: 'decode_error',
    reason: 'INVALID_ALERT',
  },
  {
    name: 'an empty alert',
    when: 'connected',
    send: (peer) => peer.sendRecord(alert, new Uint8Array(0)),
    alert: 'decode_error',
    reason: 'INVALID_ALERT',
  },
  {
    name: 'two alerts in a record',
    when: 'connected',
    send: (peer) => peer.sendRecord(alert, Uint8Array.of(1, 90, 1, 90)),
    alert: 'decode_error',
    reason: 'INVALID_ALERT',
  },
  {
    name: 'an alert of a level nobody knows',
    when: 'fresh',
    send: (peer) => peer.sendAlert(40, 3),
    alert: 'illegal_parameter',
    reason: 'UNKNOWN_ALERT_TYPE',
  },
  {
    name: 'a compatibility record with another value',
    when: 'within',
    send: (peer) => peer.sendChangeCipherSpec(Uint8Array.of(2)),
    alert: 'unexpected_message',
    reason: 'BAD_CHANGE_CIPHER_SPEC',
  },
  {
    name: 'a compatibility record of two bytes',
    when: 'within',
    send: (peer) => peer.sendChangeCipherSpec(Uint8Array.of(1, 1)),
    alert: 'unexpected_message',
    reason: 'BAD_CHANGE_CIPHER_SPEC',
  },
  {
    name: 'an empty compatibility record',
    when: 'within',
    send: (peer) => peer.sendChangeCipherSpec(new Uint8Array(0)),
    alert: 'unexpected_message',
    reason: 'BAD_CHANGE_CIPHER_SPEC',
  },
  {
    name: 'a compatibility record on a connection in use',
    when: 'connected',
    send: (peer) => peer.sendChangeCipherSpec(),
    alert: 'unexpected_message',
    reason: 'CCS_RECEIVED_EARLY',
  },
  {
    name: 'an end within the handshake',
    when: 'within',
    send: (peer) => peer.toVictim.end(),
    alert: 'decode_error',
    reason: 'UNEXPECTED_EOF_WHILE_READING',
  },
  {
    name: 'an end within a record of the handshake',
    when: 'fresh',
    send: (peer) => {
      peer.sendBytes(Uint8Array.of(22, 3, 3, 0, 9, 1)).toVictim.end();
    },
    alert: 'decode_error',
    reason: 'UNEXPECTED_EOF_WHILE_READING',
  },
];

function replay(peer: Peer): void {
  let seen: Uint8Array | undefined;
  peer.wire = (sealed) => {
    seen = sealed.slice();
    return [sealed];
  };
  peer.sendData();
  peer.wire = (sealed) => [sealed];
  if (seen !== undefined) peer.sendBytes(seen);
}

function swap(peer: Peer): void {
  const kept: Uint8Array[] = [];
  peer.wire = (sealed) => {
    kept.push(sealed.slice());
    return kept.length < 2 ? [] : kept.toReversed();
  };
  peer.sendData('one').sendData('two');
}

describe.each(ROLES)('a $role refuses', (role) => {
  it.each(ROWS)('$name', ({ when, send, alert: code, reason }) => {
    const peer = role[when]();
    send(peer);
    expectRefusal(peer.turn(), code, reason);
  });
});

describe.each(ROLES)('a $role', ({ role, fresh, within, connected }) => {
  it('refuses a compatibility record before the first ClientHello', () => {
    if (role === 'server') expectRefusal(fresh().sendChangeCipherSpec().turn(), 'unexpected_message', 'CCS_RECEIVED_EARLY');
    else expect(fresh().sendChangeCipherSpec().turn().failure).toBeUndefined();
  });

  it('takes records of any minor version', () => {
    const peer = connected();
    peer.wire = (sealed) => {
      sealed[2] = 0x01;
      return [sealed];
    };
    // The header is authenticated, so another version is a record that does not open.
    expectRefusal(peer.sendData().turn(), 'bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
  });

  it('takes padding and empty records', () => {
    const peer = connected();
    peer.sendData('', 100).sendData('a', 16_383).sendData('', 16_384).sendData('b').turn();
    expectConnection(peer);
    expect(peer.text).toBe('ab');
  });

  it.each([
    ['handshake_failure', 40, 2],
    ['handshake_failure as a warning', 40, 1],
    ['one that has no name', 200, 2],
    ['no_renegotiation', 100, 1],
  ] as const)('ends with the alert %s of its peer and sends none back', (_name, description, level) => {
    const peer = connected().sendAlert(description, level).turn();
    expect(peer.failure).toBeInstanceOf(PeerAlert);
    expect((peer.failure as PeerAlert).alertCode).toBe(description);
    expect(peer.alerts).toEqual([]);
    expect(() => peer.victim.write(utf8('more'))).toThrow(peer.failure as Error);
  });

  it('ends with an alert within the handshake', () => {
    const peer = within().sendAlert(80).turn();
    expect((peer.failure as PeerAlert).alertCode).toBe(80);
    expect(peer.alerts).toEqual([]);
  });

  it('looks at nothing behind the record it failed at', () => {
    const peer = connected();
    peer.sendAlert(40).sendData('never').turn();
    expect(peer.text).toBe('');
    expect(() => peer.victim.read()).toThrow(PeerAlert);
    expect(() => peer.victim.peek()).toThrow(PeerAlert);
  });
});
