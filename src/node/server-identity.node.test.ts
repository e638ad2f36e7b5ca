import * as native from 'node:tls';
import { describe, expect, it } from 'vitest';
import { testCertificate } from '../../test/support/pki.ts';
import { parseIp } from '../x509/ip-address.ts';
import { legacyForm } from './negotiated.ts';
import { names } from './server-identity.ts';

const address = (text: string): Uint8Array => parseIp(text) ?? expect.unreachable();
const CERTIFICATES = [
  testCertificate({ names: { dns: ['a.example', '*.wild.example', 'xn--bcher-kva.example'] } }),
  testCertificate({ names: { dns: ['*.example', '*', 'f*.part.example', '*.*.two.example'] } }),
  testCertificate({ names: { ip: [address('10.0.0.1'), address('::1')] } }),
  testCertificate({ subject: 'a.example', names: {} }),
];
const HOSTS = [
  ...[
    'a.example',
    'A.Example',
    'a.example.',
    '.a.example',
    'b.example',
    'x.wild.example',
    'x.y.wild.example',
    'wild.example',
    '.wild.example',
  ],
  ...['bücher.example', 'xn--bcher-kva.example', 'example', 'localhost', '', 'foo.part.example', 'a.b.two.example', '*.wild.example'],
  ...['10.0.0.1', '10.0.0.2', '::1', '0:0:0:0:0:0:0:1', '::2', '010.0.0.1', '1'],
];

describe('what a certificate names beyond doubt', () => {
  it('is what node:tls has nothing to say against', () => {
    const pairs = CERTIFICATES.flatMap((certificate) => HOSTS.map((host) => ({ certificate, host })));
    const named = pairs.filter(({ certificate, host }) => names(certificate, host));
    const objections = named.filter(
      ({ certificate, host }) =>
        native.checkServerIdentity(host, legacyForm(certificate) as unknown as native.PeerCertificate) !== undefined,
    );
    expect(objections.map(({ host }) => host)).toEqual([]);
    expect(named.map(({ host }) => host)).toEqual(
      expect.arrayContaining(['a.example', 'A.Example', 'x.wild.example', 'xn--bcher-kva.example', '10.0.0.1', '::1', '0:0:0:0:0:0:0:1']),
    );
  });
});
