import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Entity, freshKey, makeIntermediate, makeLeaf, makeRoot, NOW, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { utf8 } from '../bytes/bytes.ts';
import { nodeProvider } from '../crypto/node.ts';
import { EXTENSION_OIDS } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { X509_PURPOSE, X509_V_FLAG } from '../registry/x509-flags.ts';
import { VERIFY_LIMITS } from './budget.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { KEY_USAGE } from './extensions.ts';
import { parsePrivateKey } from './private-key.ts';
import { X509Store } from './store.ts';
import { type StoreContext, verifyChain } from './verify.ts';
import { X509VerifyParam } from './verify-params.ts';

const root = makeRoot();
const ca = makeIntermediate(root);
const leaf = makeLeaf(ca);
const store = storeOf(root);
const DAY = 86_400;

const forged = (entity: Entity): Entity => {
  const der = entity.certificate.der.slice();
  der[der.length - 10] = (der[der.length - 10] as number) ^ 1;
  return { ...entity, certificate: parseCertificate(der) };
};

describe('verifyChain', () => {
  it('accepts a chain, and returns the path with the anchor last', () => {
    const outcome = verifyNow([leaf, ca], store);
    expect(outcome).toMatchObject({ accepted: true, result: 'OK', depth: 0 });
    expect(outcome.chain).toEqual([leaf.certificate, ca.certificate, root.certificate]);
  });

  it('does not need the anchor from the peer, nor mind it, nor the order, nor what is not needed', () => {
    const stranger = makeIntermediate(makeRoot('Stranger'), 'Strange');
    expect(verifyNow([leaf, root, ca], store).accepted).toBe(true);
    expect(verifyNow([leaf, stranger, stranger, ca, leaf], store).accepted).toBe(true);
  });

  it('takes intermediates from the caller, the store and a look-up', async () => {
    expect(verifyNow([leaf], store).result).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
    expect(verifyNow([leaf], store, { untrusted: [ca.certificate] }).accepted).toBe(true);
    expect(verifyNow([leaf], storeOf(root, ca)).accepted).toBe(true);
    expect(verifyNow([leaf], store, { issuerLookup: () => [ca.certificate] }).accepted).toBe(true);
    const request = {
      provider: nodeProvider,
      chain: [leaf.certificate],
      store,
      params: new X509VerifyParam(),
      purpose: 'sslserver',
      now: NOW,
    } as const;
    const outcome = verifyChain({ ...request, issuerLookup: async () => [ca.certificate] });
    expect(outcome).toBeInstanceOf(Promise);
    expect((await outcome).accepted).toBe(true);
  });

  it('finds anchors through a look-up of the store', () => {
    const lazy = new X509Store();
    lazy.addLookup((subject) => (subject.matches(root.certificate.subject) ? [root.certificate] : []));
    expect(verifyNow([leaf, ca], lazy).accepted).toBe(true);
    expect(lazy.certificates).toEqual([root.certificate]);
    expect(verifyNow([makeLeaf(makeIntermediate(makeRoot('Unknown')))], lazy).accepted).toBe(false);
  });

  it.each<[string, readonly Entity[], X509Store, X509VerifyResult, number]>([
    ['a self-signed leaf', [makeRoot('self')], store, 'DEPTH_ZERO_SELF_SIGNED_CERT', 0],
    ['a root of the peer’s own', [leaf, ca, root], storeOf(makeRoot('Other')), 'SELF_SIGNED_CERT_IN_CHAIN', 2],
    ['a missing issuer', [leaf], store, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 0],
    ['a missing root', [leaf, ca], new X509Store(), 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 1],
    ['an intermediate in the store without its root', [leaf], storeOf(ca), 'UNABLE_TO_GET_ISSUER_CERT', 1],
    ['a forged leaf', [forged(leaf), ca], store, 'CERT_SIGNATURE_FAILURE', 0],
    ['a forged intermediate', [leaf, forged(ca)], store, 'CERT_SIGNATURE_FAILURE', 1],
    ['an expired leaf', [makeLeaf(ca, { notAfter: NOW - 1 }), ca], store, 'CERT_HAS_EXPIRED', 0],
    ['a leaf of tomorrow', [makeLeaf(ca, { notBefore: NOW + 1 }), ca], store, 'CERT_NOT_YET_VALID', 0],
    ['a leaf that is no server’s', [makeLeaf(ca, { extKeyUsage: ['clientAuth'] }), ca], store, 'INVALID_PURPOSE', 0],
    ['a leaf that may only be called anything', [makeLeaf(ca, { extKeyUsage: ['anyExtendedKeyUsage'] }), ca], store, 'INVALID_PURPOSE', 0],
    ['a key that may not be used for TLS', [makeLeaf(ca, { keyUsage: KEY_USAGE.cRLSign }), ca], store, 'INVALID_PURPOSE', 0],
    [
      'an unknown critical extension',
      [makeLeaf(ca, { extensions: [{ oid: '1.2.3', critical: true, value: utf8('x') }] }), ca],
      store,
      'UNHANDLED_CRITICAL_EXTENSION',
      0,
    ],
    [
      'a malformed extension',
      [makeLeaf(ca, { extensions: [{ oid: EXTENSION_OIDS.keyUsage, value: utf8('x') }] }), ca],
      store,
      'INVALID_EXTENSION',
      0,
    ],
  ])('refuses %s', (_, chain, trusted, result, depth) => {
    const outcome = verifyNow(chain, trusted);
    expect(outcome).toMatchObject({ accepted: false, result, depth });
    expect(outcome.certificate).toBe(outcome.chain[depth]);
  });

  it('both ends of the validity belong to it', () => {
    const { notBefore, notAfter } = leaf.certificate;
    for (const now of [notBefore, notAfter]) expect(verifyNow([leaf, ca], store, { now }).accepted).toBe(true);
    for (const now of [notBefore - 1, notAfter + 1]) expect(verifyNow([leaf, ca], store, { now }).accepted).toBe(false);
  });

  it('does not look at a chain that is not there', () => {
    expect(verifyNow([], store)).toMatchObject({ accepted: false, result: 'INVALID_CALL' });
  });

  it('checks what is above the leaf', () => {
    const above = (options: Parameters<typeof makeIntermediate>[2]): X509VerifyResult => {
      const other = makeIntermediate(root, 'CA', options);
      return verifyNow([makeLeaf(other), other], store).result;
    };
    expect(above({})).toBe('OK');
    expect(above({ ca: false, keyUsage: 0 })).toBe('INVALID_CA');
    expect(above({ ca: false, keyUsage: KEY_USAGE.keyCertSign })).toBe('INVALID_CA');
    expect(above({ ca: true, keyUsage: KEY_USAGE.digitalSignature })).toBe('INVALID_CA');
    expect(above({ extKeyUsage: ['clientAuth'] })).toBe('INVALID_PURPOSE');
    expect(above({ extKeyUsage: ['serverAuth'] })).toBe('OK');
    expect(above({ notAfter: NOW - DAY })).toBe('CERT_HAS_EXPIRED');
    expect(above({ authorityKeyIdentifier: utf8('another') })).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  it('keeps path lengths, for which self-issued certificates do not count', () => {
    const short = makeRoot('Short', { ca: { pathLength: 1 } });
    const one = makeIntermediate(short, 'One');
    const two = makeIntermediate(one, 'Two');
    const again = makeIntermediate(one, 'One');
    const trusted = storeOf(short);
    expect(verifyNow([makeLeaf(one), one], trusted).result).toBe('OK');
    expect(verifyNow([makeLeaf(two), two, one], trusted)).toMatchObject({ result: 'PATH_LENGTH_EXCEEDED', depth: 3 });
    expect(verifyNow([makeLeaf(again), again, one], trusted).result).toBe('OK');
  });

  it('keeps the depth: so many intermediates and no more', () => {
    const depth = (n: number): X509VerifyParam => new X509VerifyParam({ depth: n });
    expect(verifyNow([leaf, ca], store, { params: depth(1) }).result).toBe('OK');
    expect(verifyNow([leaf, ca], store, { params: depth(0) })).toMatchObject({ result: 'CERT_CHAIN_TOO_LONG', depth: 1 });
    expect(verifyNow([makeLeaf(root)], store, { params: depth(0) }).result).toBe('OK');
  });

  it('goes by the purpose of the parameters before that of the caller', () => {
    const client = makeLeaf(ca, { extKeyUsage: ['clientAuth'] });
    expect(verifyNow([client, ca], store, { purpose: 'sslclient' }).accepted).toBe(true);
    expect(verifyNow([client, ca], store, { params: new X509VerifyParam({ purpose: X509_PURPOSE.sslclient }) }).accepted).toBe(true);
    expect(verifyNow([client, ca], store, { purpose: 'any' }).accepted).toBe(true);
  });

  it('takes time from the parameters, the caller, or not at all', () => {
    const late = NOW + 3 * 365 * DAY;
    const then = new X509VerifyParam();
    then.setTime(NOW);
    expect(verifyNow([leaf, ca], store, { now: late }).result).toBe('CERT_HAS_EXPIRED');
    expect(verifyNow([leaf, ca], store, { now: late, params: then }).accepted).toBe(true);
    expect(verifyNow([leaf, ca], store, { now: late, flags: X509_V_FLAG.NO_CHECK_TIME }).accepted).toBe(true);
  });
});

describe('flags', () => {
  it('PARTIAL_CHAIN trusts what the store has, self-signed or not, the leaf included', () => {
    expect(verifyNow([leaf], storeOf(ca), { flags: X509_V_FLAG.PARTIAL_CHAIN })).toMatchObject({
      accepted: true,
      chain: [leaf.certificate, ca.certificate],
    });
    expect(verifyNow([leaf], storeOf(leaf), { flags: X509_V_FLAG.PARTIAL_CHAIN })).toMatchObject({
      accepted: true,
      chain: [leaf.certificate],
    });
    expect(verifyNow([leaf], storeOf(leaf)).accepted).toBe(false);
  });

  it('a self-signed leaf in the store is trusted without any flag', () => {
    const self = makeRoot('self', { ca: false, keyUsage: 0, names: { dns: ['example.com'] } });
    expect(verifyNow([self], storeOf(self)).accepted).toBe(true);
  });

  it('IGNORE_CRITICAL lets unknown critical extensions pass', () => {
    const odd = makeLeaf(ca, { extensions: [{ oid: '1.2.3', critical: true, value: utf8('x') }] });
    expect(verifyNow([odd, ca], store, { flags: X509_V_FLAG.IGNORE_CRITICAL }).accepted).toBe(true);
  });

  it('CHECK_SS_SIGNATURE looks at the anchor’s own signature', () => {
    const bad = forged(root);
    expect(verifyNow([leaf, ca], storeOf(bad)).accepted).toBe(true);
    expect(verifyNow([leaf, ca], storeOf(bad), { flags: X509_V_FLAG.CHECK_SS_SIGNATURE })).toMatchObject({
      result: 'CERT_SIGNATURE_FAILURE',
      depth: 2,
    });
  });

  it('X509_STRICT asks for what RFC 5280 asks of authorities', () => {
    const strict = (chain: readonly Entity[]): X509VerifyResult => verifyNow(chain, store, { flags: X509_V_FLAG.X509_STRICT }).result;
    expect(strict([leaf, ca])).toBe('OK');
    const noIdentifier = makeIntermediate(root, 'CA', { subjectKeyIdentifier: undefined });
    expect(strict([makeLeaf(noIdentifier), noIdentifier])).toBe('MISSING_AUTHORITY_KEY_IDENTIFIER');
    const noUsage = makeIntermediate(root, 'CA', { keyUsage: 0 });
    expect(strict([makeLeaf(noUsage), noUsage])).toBe('CA_CERT_MISSING_KEY_USAGE');
    expect(strict([makeLeaf(ca, { keyUsage: KEY_USAGE.keyCertSign | KEY_USAGE.digitalSignature }), ca])).toBe('INVALID_CA');
    expect(strict([makeLeaf(ca, { serial: 0 }), ca])).toBe('UNSPECIFIED');
    expect(strict([makeLeaf(ca, { subject: [] }), ca])).toBe('EMPTY_SUBJECT_SAN_NOT_CRITICAL');
  });

  it('come from the store as well', () => {
    const partial = storeOf(ca);
    partial.setFlags(X509_V_FLAG.PARTIAL_CHAIN);
    expect(verifyNow([leaf], partial).accepted).toBe(true);
  });
});

describe('paths', () => {
  it('tries every way, through cross-signing, expired and untrusted branches', () => {
    const key = freshKey();
    const oldRoot = makeRoot('Old');
    const expired = makeIntermediate(root, 'Shared', { key, notAfter: NOW - DAY });
    const untrusted = makeIntermediate(oldRoot, 'Shared', { key });
    const constrained = makeIntermediate(root, 'Shared', { key, permitted: { dns: ['example.org'] } });
    const good = makeIntermediate(root, 'Shared', { key });
    const end = makeLeaf(good);
    for (const chain of [
      [end, expired, untrusted, constrained, good],
      [end, good, constrained, untrusted, expired],
    ]) {
      expect(verifyNow(chain, store).chain).toEqual([end.certificate, good.certificate, root.certificate]);
    }
    expect(verifyNow([end, expired, untrusted, constrained], store).accepted).toBe(false);
  });

  it('prefers an anchor in the store to a longer way over the peer’s certificates', () => {
    const newRoot = makeRoot('New');
    const cross = makeIntermediate(root, 'New', { key: newRoot.key });
    const end = makeLeaf(newRoot);
    expect(verifyNow([end, cross], storeOf(root, newRoot)).chain).toEqual([end.certificate, newRoot.certificate]);
    expect(verifyNow([end, cross], store).chain).toEqual([end.certificate, cross.certificate, root.certificate]);
  });

  it('does not go round in circles', () => {
    const keys = [freshKey(), freshKey()] as const;
    const one = makeIntermediate(makeRoot('Two', { key: keys[1] }), 'One', { key: keys[0] });
    const two = makeIntermediate(makeRoot('One', { key: keys[0] }), 'Two', { key: keys[1] });
    expect(verifyNow([makeLeaf(one), one, two], store).result).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  it('stops after as many signature checks as the budget has', () => {
    let checks = 0;
    const counting = {
      ...nodeProvider,
      importPublicKey: (spec: Parameters<typeof nodeProvider.importPublicKey>[0]) => {
        const key = nodeProvider.importPublicKey(spec);
        return {
          spec,
          verify: (...parameters: Parameters<typeof key.verify>) => {
            checks++;
            return key.verify(...parameters);
          },
        };
      },
    };
    const { signatures } = VERIFY_LIMITS;
    const impostors = Array.from({ length: signatures.value + 20 }, () => makeRoot('Intermediate', { subjectKeyIdentifier: undefined }));
    const outcome = verifyNow([leaf, ...impostors, ca], store, { provider: counting });
    expect(outcome).toMatchObject({ accepted: false, result: 'UNSPECIFIED' });
    expect(checks).toBe(signatures.value);
    checks = 0;
    expect(verifyNow([leaf, ...impostors.slice(0, signatures.value - 3), ca], store, { provider: counting }).accepted).toBe(true);
    expect(checks).toBeLessThanOrEqual(signatures.value);
  });

  it('stops after as many issuer candidates as the budget has', () => {
    const key = freshKey();
    // Right name, no authority: looked at, and passed over before any signature is checked.
    const impostors = Array.from({ length: VERIFY_LIMITS.candidates.value - 1 }, () =>
      makeRoot('Intermediate', { key, ca: false, keyUsage: 0, subjectKeyIdentifier: undefined }),
    );
    expect(verifyNow([leaf, ...impostors.slice(1), ca], store).result).toBe('OK');
    expect(verifyNow([leaf, ...impostors, ca], store)).toMatchObject({ accepted: false, result: 'UNSPECIFIED' });
  });

  it('a callback cannot talk its way past the budget', () => {
    const impostors = Array.from({ length: 120 }, () => makeRoot('Intermediate', { subjectKeyIdentifier: undefined }));
    expect(verifyNow([leaf, ...impostors, ca], store, { verifyCallback: () => true }).accepted).toBe(false);
  });

  it('trusts a bare key under its name, and within its constraints', () => {
    const anchor = { subject: root.certificate.subject, publicKey: root.key.publicKey };
    const bare = new X509Store();
    bare.addAnchor(anchor);
    expect(verifyNow([leaf, ca], bare)).toMatchObject({ accepted: true, chain: [leaf.certificate, ca.certificate] });
    const constrained = new X509Store();
    constrained.addAnchor({
      ...anchor,
      nameConstraints: { permitted: [{ base: { kind: 'dns', value: 'example.org' }, bounded: false }], excluded: [] },
    });
    expect(verifyNow([leaf, ca], constrained).result).toBe('PERMITTED_VIOLATION');
    const other = new X509Store();
    other.addAnchor({ ...anchor, publicKey: freshKey().publicKey });
    expect(verifyNow([leaf, ca], other).accepted).toBe(false);
  });
});

describe('names', () => {
  const params = (hosts: string[]): X509VerifyParam => new X509VerifyParam({ hosts });

  it('any of the hosts will do, and the one that did is told', () => {
    expect(verifyNow([leaf, ca], store, { params: params(['example.org', 'EXAMPLE.com']) })).toMatchObject({
      accepted: true,
      peername: 'example.com',
    });
    expect(verifyNow([leaf, ca], store, { params: params(['example.org']) })).toMatchObject({
      result: 'HOSTNAME_MISMATCH',
      depth: 0,
      peername: undefined,
    });
  });

  it('mail and IP addresses are checked besides', () => {
    const all = makeLeaf(ca, { names: { dns: ['example.com'], email: ['a@example.com'], ip: [Uint8Array.of(192, 0, 2, 1)] } });
    const check = (values: ConstructorParameters<typeof X509VerifyParam>[0]): X509VerifyResult =>
      verifyNow([all, ca], store, { params: new X509VerifyParam(values) }).result;
    expect(check({ email: 'a@EXAMPLE.com', ip: Uint8Array.of(192, 0, 2, 1) })).toBe('OK');
    expect(check({ email: 'b@example.com' })).toBe('EMAIL_MISMATCH');
    expect(check({ email: 'A@example.com' })).toBe('EMAIL_MISMATCH');
    expect(check({ ip: Uint8Array.of(192, 0, 2, 2) })).toBe('IP_ADDRESS_MISMATCH');
  });
});

describe('the security level', () => {
  const rsa = (bits: number): ReturnType<typeof nodeProvider.importPrivateKey> => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
    return nodeProvider.importPrivateKey(parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'der' })));
  };
  const small = rsa(1024);
  const usual = rsa(2048);

  it.each<[number, X509VerifyResult]>([
    [0, 'OK'],
    [1, 'OK'],
    [2, 'EE_KEY_TOO_SMALL'],
  ])('at level %i a 1024-bit key of a leaf is %s', (securityLevel, result) => {
    expect(verifyNow([makeLeaf(ca, { key: small }), ca], store, { securityLevel }).result).toBe(result);
  });

  it('concerns issuers’ keys and the digests of all signatures but the anchor’s own', () => {
    const weak = makeIntermediate(root, 'Weak', { key: small });
    expect(verifyNow([makeLeaf(weak), weak], store, { securityLevel: 2 })).toMatchObject({ result: 'CA_KEY_TOO_SMALL', depth: 1 });
    const sha1Root = makeRoot('SHA-1', { key: usual, algorithm: { kind: 'rsa-pkcs1', hash: 'sha1' } });
    expect(verifyNow([makeLeaf(sha1Root)], storeOf(sha1Root), { securityLevel: 2 }).result).toBe('OK');
    const sha1 = makeLeaf(sha1Root, { algorithm: { kind: 'rsa-pkcs1', hash: 'sha1' } });
    expect(verifyNow([sha1], storeOf(sha1Root), { securityLevel: 1 })).toMatchObject({ result: 'CA_MD_TOO_WEAK', depth: 0 });
    expect(verifyNow([sha1], storeOf(sha1Root), { securityLevel: 0 }).result).toBe('OK');
  });

  it('of the parameters goes before that of the caller', () => {
    const params = new X509VerifyParam({ authLevel: 3 });
    expect(verifyNow([makeLeaf(ca, { key: usual }), ca], store, { securityLevel: 0, params }).result).toBe('EE_KEY_TOO_SMALL');
  });
});

describe('signature algorithms', () => {
  it.each(['P-256', 'P-384', 'P-521', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)(
    'verifies what a key of %s signed',
    (kind) => {
      const own = makeRoot('Own', { key: freshKey(kind) });
      const end = makeLeaf(own);
      expect(verifyNow([end], storeOf(own), { securityLevel: 3 }).result).toBe('OK');
      expect(verifyNow([forged(end)], storeOf(own)).result).toBe('CERT_SIGNATURE_FAILURE');
    },
  );

  it('count as failed where the provider throws', () => {
    const broken = {
      ...nodeProvider,
      importPublicKey: (spec: Parameters<typeof nodeProvider.importPublicKey>[0]) => ({
        spec,
        verify: () => {
          throw new TypeError('broken');
        },
      }),
    };
    expect(verifyNow([leaf, ca], store, { provider: broken }).result).toBe('CERT_SIGNATURE_FAILURE');
  });

  it('verifies RSA, PKCS#1 v1.5 and PSS with its parameters', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const own = makeRoot('Own', {
      key: nodeProvider.importPrivateKey(parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'der' }))),
    });
    expect(verifyNow([makeLeaf(own, { algorithm: { kind: 'rsa-pkcs1', hash: 'sha384' } })], storeOf(own)).result).toBe('OK');
    for (const [hash, mgfHash, saltLength] of [
      ['sha256', 'sha256', 32],
      ['sha384', 'sha256', 20],
      ['sha512', 'sha512', 0],
    ] as const) {
      expect(verifyNow([makeLeaf(own, { algorithm: { kind: 'rsa-pss', hash, mgfHash, saltLength } })], storeOf(own)).result).toBe('OK');
    }
  });
});

describe('the verify callback', () => {
  const seen = (chain: readonly Entity[], answer: (ok: boolean, context: StoreContext) => boolean, trusted = store) => {
    const calls: [boolean, X509VerifyResult, number][] = [];
    const outcome = verifyNow(chain, trusted, {
      verifyCallback: (ok, context) => {
        calls.push([ok, context.result, context.depth]);
        return answer(ok, context);
      },
    });
    return { calls, outcome };
  };

  it('sees every good certificate once, from the anchor down', () => {
    const { calls, outcome } = seen([leaf, ca], (ok) => ok);
    expect(calls).toEqual([
      [true, 'OK', 2],
      [true, 'OK', 1],
      [true, 'OK', 0],
    ]);
    expect(outcome.accepted).toBe(true);
  });

  it('may override, and the result stays what it was unless it is set', () => {
    const expired = makeLeaf(ca, { notAfter: NOW - 1 });
    const kept = seen([expired, ca], () => true);
    expect(kept.calls).toContainEqual([false, 'CERT_HAS_EXPIRED', 0]);
    expect(kept.outcome).toMatchObject({ accepted: true, result: 'CERT_HAS_EXPIRED' });
    const cleared = seen([expired, ca], (_, context) => {
      context.result = 'OK';
      return true;
    });
    expect(cleared.outcome).toMatchObject({ accepted: true, result: 'OK' });
  });

  it('sees one problem after the other while it overrides, and none after it refuses', () => {
    const self = makeRoot('self', { notAfter: NOW - 1, ca: false, keyUsage: 0 });
    const overriding = seen([self], () => true);
    expect(overriding.calls).toEqual([
      [false, 'DEPTH_ZERO_SELF_SIGNED_CERT', 0],
      [false, 'CERT_HAS_EXPIRED', 0],
      [true, 'CERT_HAS_EXPIRED', 0],
    ]);
    expect(seen([self], (ok) => ok).calls).toEqual([[false, 'DEPTH_ZERO_SELF_SIGNED_CERT', 0]]);
  });

  it('may refuse what is good, and say why', () => {
    expect(seen([leaf, ca], () => false).outcome).toMatchObject({ accepted: false, result: 'UNSPECIFIED' });
    const { outcome } = seen([leaf, ca], (_, context) => {
      context.result = 'APPLICATION_VERIFICATION';
      return false;
    });
    expect(outcome).toMatchObject({ accepted: false, result: 'APPLICATION_VERIFICATION' });
  });

  it('sees the certificate, its issuer, the path and what the caller passed', () => {
    const contexts: [Certificate | undefined, Certificate | undefined][] = [];
    verifyNow([leaf, ca], store, {
      connection: 'me',
      verifyCallback: (_, context) => {
        contexts.push([context.certificate, context.issuer]);
        expect(context.connection).toBe('me');
        expect(context.chain).toHaveLength(3);
        return true;
      },
    });
    expect(contexts).toEqual([
      [root.certificate, root.certificate],
      [ca.certificate, root.certificate],
      [leaf.certificate, ca.certificate],
    ]);
  });

  it('may answer later', async () => {
    const params = new X509VerifyParam();
    const outcome = verifyChain({
      provider: nodeProvider,
      chain: [leaf.certificate, ca.certificate],
      store,
      params,
      purpose: 'sslserver',
      now: NOW,
      verifyCallback: async (ok) => ok,
    });
    expect(outcome).toBeInstanceOf(Promise);
    expect((await outcome).accepted).toBe(true);
  });

  it('lets its own errors through', () => {
    expect(() =>
      verifyNow([leaf, ca], store, {
        verifyCallback: () => {
          throw new TypeError('mine');
        },
      }),
    ).toThrow('mine');
  });
});
