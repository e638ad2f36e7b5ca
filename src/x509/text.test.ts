import { describe, expect, it } from 'vitest';
import { makeLeaf, makeRoot } from '../../test/support/authorities.ts';
import { octetString } from '../asn1/der-writer.ts';
import { fromHex } from '../bytes/bytes.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import { parseCertificates } from './certificate.ts';
import { certificateText } from './text.ts';
import { timeText } from './text-parts.ts';

/** A certificate with nearly every extension, made by OpenSSL 3.0. */
const EVERYTHING = `-----BEGIN CERTIFICATE-----
MIIE+zCCBKCgAwIBAgIURuqpJSDFQ0zFkYJcD4jmyoAiWwowCgYIKoZIzj0EAwIw
MTELMAkGA1UEBhMCQ0gxFjAUBgNVBAoMDUV4YW1wbGUsIEluYy4xCjAIBgNVBAsM
AWEwHhcNMjYxMTIyMTgzNDU3WhcNMjYxMjIyMTgzNDU3WjAxMQswCQYDVQQGEwJD
SDEWMBQGA1UECgwNRXhhbXBsZSwgSW5jLjEKMAgGA1UECwwBYTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABLeii0r2ccMqMgdfjMR98ime7yu1Eg3flTz/ScM2r+B6
CEaZDciSY6Ws02L3AhulRM+0inQABeh7k+chTHbcr++jggOUMIIDkDASBgNVHRMB
Af8ECDAGAQH/AgEDMA4GA1UdDwEB/wQEAwIBhjAiBgNVHSUEGzAZBggrBgEFBQcD
AQYIKwYBBQUHAwIGAyoDBDAdBgNVHQ4EFgQUvMCpDoDiVnCjr7GFiYzYCWeZlb8w
VgYDVR0jBE8wTaE1pDMwMTELMAkGA1UEBhMCQ0gxFjAUBgNVBAoMDUV4YW1wbGUs
IEluYy4xCjAIBgNVBAsMAWGCFEbqqSUgxUNMxZGCXA+I5sqAIlsKMIGbBgNVHREE
gZMwgZCCC2V4YW1wbGUuY29tgg0qLmV4YW1wbGUuY29thwTAAAIBhxAgAQ24AAAA
AAAAAAAAAAABgQ1hQGV4YW1wbGUuY29thhRodHRwczovL2V4YW1wbGUuY29tL4gD
KgMEpCEwHzELMAkGA1UEBhMCQ0gxEDAOBgNVBAoMB0V4YW1wbGWgDQYCKgOgBwwF
aGVsbG8wYAYDVR0eAQH/BFYwVKBAMA2CC2V4YW1wbGUuY29tMAqHCMAAAgD///8A
MCOkITAfMQswCQYDVQQGEwJDSDEQMA4GA1UECgwHRXhhbXBsZaEQMA6BDC5leGFt
cGxlLm9yZzBrBgNVHSAEZDBiMAgGBmeBDAECATBWBgMrBQgwTzAhBggrBgEFBQcC
ARYVaHR0cDovL215LmV4YW1wbGUvY3BzMCoGCCsGAQUFBwICMB4wDRoDT3JnMAYC
AQECAQIaDUV4cGxpY2l0IFRleHQwEgYDVR0kAQH/BAgwBoABAYEBADAKBgNVHTYE
AwIBAjATBgNVHSEEDDAKMAgGAioDBgIqBDBwBgNVHR8EaTBnMCCgHqAchhpodHRw
Oi8vZXhhbXBsZS5jb20vY3JsLnBlbTBDoBigFoYUaHR0cDovL2V4YW1wbGUuY29t
L3iBAgVgoiOkITAfMQswCQYDVQQGEwJDSDEQMA4GA1UECgwHRXhhbXBsZTBaBggr
BgEFBQcBAQROMEwwIwYIKwYBBQUHMAGGF2h0dHA6Ly9vY3NwLmV4YW1wbGUuY29t
MCUGCCsGAQUFBzAChhlodHRwOi8vZXhhbXBsZS5jb20vY2EucGVtMBEGCCsGAQUF
BwEYBAUwAwIBBTAPBgkrBgEFBQcwAQUEAgUAMBIGBCoDBAUBAf8EBwwFaGVsbG8w
FAYJYIZIAYb4QgENBAcWBUhlbGxvMBEGCWCGSAGG+EIBAQQEAwIGwDAKBggqhkjO
PQQDAgNJADBGAiEAzZTOIlV/S7l+8DhAs1k7FTDIFqpirH+MbRuKFpyzpSACIQCP
JtfMkQ+V2lDv4eCZP1lDmua2SEfch0nW4yMFJCeIng==
-----END CERTIFICATE-----`;

/**
 * What `openssl x509 -noout -text` of OpenSSL 3.0 prints of it, but for one line: it forgets the line end between the names
 * of a distribution point and its reasons.
 */
const PRINTED = `Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number:
            46:ea:a9:25:20:c5:43:4c:c5:91:82:5c:0f:88:e6:ca:80:22:5b:0a
        Signature Algorithm: ecdsa-with-SHA256
        Issuer: C = CH, O = "Example, Inc.", OU = a
        Validity
            Not Before: Nov 22 18:34:57 2026 GMT
            Not After : Dec 22 18:34:57 2026 GMT
        Subject: C = CH, O = "Example, Inc.", OU = a
        Subject Public Key Info:
            Public Key Algorithm: id-ecPublicKey
                Public-Key: (256 bit)
                pub:
                    04:b7:a2:8b:4a:f6:71:c3:2a:32:07:5f:8c:c4:7d:
                    f2:29:9e:ef:2b:b5:12:0d:df:95:3c:ff:49:c3:36:
                    af:e0:7a:08:46:99:0d:c8:92:63:a5:ac:d3:62:f7:
                    02:1b:a5:44:cf:b4:8a:74:00:05:e8:7b:93:e7:21:
                    4c:76:dc:af:ef
                ASN1 OID: prime256v1
                NIST CURVE: P-256
        X509v3 extensions:
            X509v3 Basic Constraints: critical
                CA:TRUE, pathlen:3
            X509v3 Key Usage: critical
                Digital Signature, Certificate Sign, CRL Sign
            X509v3 Extended Key Usage: 
                TLS Web Server Authentication, TLS Web Client Authentication, 1.2.3.4
            X509v3 Subject Key Identifier: 
                BC:C0:A9:0E:80:E2:56:70:A3:AF:B1:85:89:8C:D8:09:67:99:95:BF
            X509v3 Authority Key Identifier: 
                DirName:/C=CH/O=Example, Inc./OU=a
                serial:46:EA:A9:25:20:C5:43:4C:C5:91:82:5C:0F:88:E6:CA:80:22:5B:0A
            X509v3 Subject Alternative Name: 
                DNS:example.com, DNS:*.example.com, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, email:a@example.com, URI:https://example.com/, Registered ID:1.2.3.4, DirName:/C=CH/O=Example, othername: 1.2.3::hello
            X509v3 Name Constraints: critical
                Permitted:
                  DNS:example.com
                  IP:192.0.2.0/255.255.255.0
                  DirName:C = CH, O = Example
                Excluded:
                  email:.example.org
            X509v3 Certificate Policies: 
                Policy: 2.23.140.1.2.1
                Policy: 1.3.5.8
                  CPS: http://my.example/cps
                  User Notice:
                    Organization: Org
                    Numbers: 1, 2
                    Explicit Text: Explicit Text
            X509v3 Policy Constraints: critical
                Require Explicit Policy:1, Inhibit Policy Mapping:0
            X509v3 Inhibit Any Policy: 
                2
            X509v3 Policy Mappings: 
                1.2.3:1.2.4
            X509v3 CRL Distribution Points: 
                Full Name:
                  URI:http://example.com/crl.pem
                Full Name:
                  URI:http://example.com/x
                Reasons:
                  Key Compromise, CA Compromise
                CRL Issuer:
                  DirName:C = CH, O = Example
            Authority Information Access: 
                OCSP - URI:http://ocsp.example.com
                CA Issuers - URI:http://example.com/ca.pem
            TLS Feature: 
                status_request
            OCSP No Check: 

            1.2.3.4.5: critical
                ..hello
            Netscape Comment: 
                Hello
            Netscape Cert Type: 
                SSL Client, SSL Server
    Signature Algorithm: ecdsa-with-SHA256
    Signature Value:
        30:46:02:21:00:cd:94:ce:22:55:7f:4b:b9:7e:f0:38:40:b3:
        59:3b:15:30:c8:16:aa:62:ac:7f:8c:6d:1b:8a:16:9c:b3:a5:
        20:02:21:00:8f:26:d7:cc:91:0f:95:da:50:ef:e1:e0:99:3f:
        59:43:9a:e6:b6:48:47:dc:87:49:d6:e3:23:05:24:27:88:9e
`;

const root = makeRoot();

describe('certificateText', () => {
  it('prints what openssl prints', () => {
    const [certificate] = parseCertificates(EVERYTHING);
    expect(certificate && certificateText(certificate)).toBe(PRINTED);
  });

  it('prints short serial numbers as numbers and long ones as bytes', () => {
    expect(certificateText(makeLeaf(root, { serial: 4097 }).certificate)).toContain('        Serial Number: 4097 (0x1001)\n');
    expect(certificateText(makeLeaf(root, { serial: fromHex('7fffffffffffffff') }).certificate)).toContain(
      'Serial Number: 9223372036854775807 (0x7fffffffffffffff)\n',
    );
    expect(certificateText(makeLeaf(root, { serial: fromHex('8000000000000000') }).certificate)).toContain(
      'Serial Number:\n            80:00:00:00:00:00:00:00\n',
    );
  });

  it('prints what it cannot read byte by byte, and no control characters', () => {
    const odd = makeLeaf(root, { extensions: [{ oid: EXTENSION_OIDS.keyUsage, value: fromHex('1b5b41') }] }).certificate;
    expect(certificateText(odd)).toContain('X509v3 Key Usage: \n                .[A\n');
  });

  it('prints addresses of a wrong length as such, in OpenSSL’s words', () => {
    const { certificate } = makeLeaf(makeRoot(), { names: { ip: [new Uint8Array(30)] } });
    expect(certificateText(certificate)).toContain('IP Address:<invalid length=30>\n');
  });

  it('prints timestamps of logs', () => {
    const list = fromHex(`0037 0035 00 ${'ab'.repeat(32)} 0000018fd2bdf400 0000 0403 0006 300402000200`.replaceAll(' ', ''));
    const text = certificateText(
      makeLeaf(root, { extensions: [{ oid: EXTENSION_OIDS.signedCertificateTimestamps, value: octetString(list) }] }).certificate,
    );
    expect(text).toContain(
      'CT Precertificate SCTs: \n                Signed Certificate Timestamp:\n                    Version   : v1 (0x0)\n',
    );
    expect(text).toContain('Signature : ecdsa-with-SHA256\n                                30:04:02:00:02:00\n');
  });
});

describe('timeText', () => {
  it('prints GMT with the day in two places', () => {
    expect(timeText(0)).toBe('Jan  1 00:00:00 1970 GMT');
    expect(timeText(1_717_200_000)).toBe('Jun  1 00:00:00 2024 GMT');
  });
});
