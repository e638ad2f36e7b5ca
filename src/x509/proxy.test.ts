import { describe, expect, it } from 'vitest';
import { type Entity, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { makeCrl } from '../../test/support/crls.ts';
import { BROKEN_PROXIES, PLAIN_PROXY, PROXY_CASES, PROXY_ROOT } from '../../test/support/proxies.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';

const { ALLOW_PROXY_CERTS, CRL_CHECK, PARTIAL_CHAIN } = X509_V_FLAG;
const judge = (chain: readonly Entity[], flags: number): [string, number] => {
  const { result, depth } = verifyNow(chain, storeOf(PROXY_ROOT), { flags });
  return [result, depth];
};

describe('proxy certificates (RFC 3820)', () => {
  it.each(PROXY_CASES)('$title: $result', ({ chain, result, depth }) => {
    expect(judge(chain, ALLOW_PROXY_CERTS)).toEqual([result, depth]);
  });

  it.each(BROKEN_PROXIES)('one $title is none', ({ chain }) => {
    expect(judge(chain, ALLOW_PROXY_CERTS)).toEqual(['INVALID_EXTENSION', 0]);
  });

  it('are refused unless they are allowed', () => {
    const refused = PROXY_CASES.filter(({ result }) => result === 'OK');
    for (const { chain } of refused) expect(judge(chain, 0)).toEqual(['PROXY_CERTIFICATES_NOT_ALLOWED', 0]);
    expect(refused.length).toBeGreaterThan(4);
  });

  it('are told to the callback one by one where they are not allowed', () => {
    const found: string[] = [];
    const verifyCallback = (ok: boolean, { result, depth }: { result: string; depth: number }): boolean => {
      if (!ok) found.push(`${result} ${depth}`);
      return true;
    };
    const chain = PROXY_CASES[1]?.chain ?? [];
    expect(verifyNow(chain, storeOf(PROXY_ROOT), { verifyCallback }).accepted).toBe(true);
    expect(found).toEqual(['PROXY_CERTIFICATES_NOT_ALLOWED 0', 'PROXY_CERTIFICATES_NOT_ALLOWED 1']);
  });

  it('end in an end entity that is trusted itself, with PARTIAL_CHAIN', () => {
    const [, person] = PLAIN_PROXY as [Entity, Entity];
    const verified = (flags: number): string => verifyNow(PLAIN_PROXY, storeOf(person), { flags }).result;
    expect(verified(ALLOW_PROXY_CERTS | PARTIAL_CHAIN)).toBe('OK');
    expect(verified(ALLOW_PROXY_CERTS)).not.toBe('OK');
  });

  it('are as good as the end entity: its revocation is theirs', () => {
    const [, person] = PLAIN_PROXY as [Entity, Entity];
    const flags = ALLOW_PROXY_CERTS | CRL_CHECK;
    const verified = (...revoked: Entity[]): [string, number] => {
      const list = revoked.map(({ certificate }) => ({ serial: certificate.serialNumber }));
      const { result, depth } = verifyNow(PLAIN_PROXY, storeOf(PROXY_ROOT), { flags, crls: [makeCrl(PROXY_ROOT, { revoked: list })] });
      return [result, depth];
    };
    expect(verified()).toEqual(['OK', 0]);
    expect(verified(person)).toEqual(['CERT_REVOKED', 1]);
    expect(verifyNow(PLAIN_PROXY, storeOf(PROXY_ROOT), { flags }).result).toBe('UNABLE_TO_GET_CRL');
  });
});
