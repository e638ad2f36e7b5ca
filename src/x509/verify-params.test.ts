import { describe, expect, it } from 'vitest';
import { X509_PURPOSE, X509_V_FLAG, X509_VP_FLAG } from '../registry/x509-flags.ts';
import { X509VerifyParam } from './verify-params.ts';

const param = (values: ConstructorParameters<typeof X509VerifyParam>[0]): X509VerifyParam => new X509VerifyParam(values);
const inherit = (to: ConstructorParameters<typeof X509VerifyParam>[0], from: ConstructorParameters<typeof X509VerifyParam>[0]) =>
  param(to).inherit(param(from)).values;

describe('X509VerifyParam', () => {
  it('copies by value: neither sees the other’s changes', () => {
    const one = param({ hosts: ['a.example'] });
    const two = one.clone();
    one.addHost('b.example');
    two.setDepth(3);
    expect(one.hosts).toEqual(['a.example', 'b.example']);
    expect(two.hosts).toEqual(['a.example']);
    expect(one.depth).toBe(-1);
  });

  it('does not copy the matched name', () => {
    const one = param({});
    one.peername = 'a.example';
    expect(one.clone().peername).toBeUndefined();
  });

  it('sets and adds hosts as SSL_set1_host and SSL_add1_host do', () => {
    const one = param({});
    expect(one.addHost('a.example')).toBe(true);
    expect(one.setHost('b.example')).toBe(true);
    expect(one.addHost('')).toBe(true);
    expect(one.hosts).toEqual(['b.example']);
    expect(one.setHost('c.example\0.evil')).toBe(false);
    expect(one.addHost('c.example\0.evil')).toBe(false);
    expect(one.hosts).toEqual(['b.example']);
    expect(one.setHost(undefined)).toBe(true);
    expect(one.hosts).toEqual([]);
  });

  it('refuses addresses, purposes and trust settings that are none', () => {
    const one = param({});
    expect(one.setIp(new Uint8Array(5))).toBe(false);
    expect(one.setIp(new Uint8Array(4))).toBe(true);
    expect(one.setIp(new Uint8Array(0))).toBe(true);
    expect(one.ip).toBeUndefined();
    expect(one.setPurpose(99)).toBe(false);
    expect(one.setPurpose(X509_PURPOSE.sslserver)).toBe(true);
    expect(one.setTrust(99)).toBe(false);
    expect(one.setEmail('a\0@example.com')).toBe(false);
  });

  it('turns policy checking on with any of the policy flags, and with policies', () => {
    const one = param({});
    one.setFlags(X509_V_FLAG.INHIBIT_ANY);
    expect(one.flags).toBe(X509_V_FLAG.INHIBIT_ANY | X509_V_FLAG.POLICY_CHECK);
    const two = param({});
    two.setPolicies(['1.2.3']);
    expect(two.has(X509_V_FLAG.POLICY_CHECK)).toBe(true);
  });

  it('keeps its address when the caller’s buffer changes', () => {
    const address = Uint8Array.of(192, 0, 2, 1);
    const one = param({});
    one.setIp(address);
    address.fill(0);
    expect(one.ip).toEqual(Uint8Array.of(192, 0, 2, 1));
  });
});

describe('inherit, by the rules of OpenSSL 1.1.1', () => {
  it('takes what is unset here and set there', () => {
    expect(inherit({}, { depth: 5, purpose: 2, trust: 3, authLevel: 1, hosts: ['a'], email: 'e', policies: ['1.2'] })).toMatchObject({
      depth: 5,
      purpose: 2,
      trust: 3,
      authLevel: 1,
      hosts: ['a'],
      email: 'e',
      policies: ['1.2'],
    });
    expect(inherit({ depth: 1, hosts: ['b'] }, { depth: 5, hosts: ['a'] })).toMatchObject({ depth: 1, hosts: ['b'] });
    expect(inherit({ depth: 1 }, {})).toMatchObject({ depth: 1 });
  });

  it('joins flags', () => {
    expect(inherit({ flags: X509_V_FLAG.CRL_CHECK }, { flags: X509_V_FLAG.X509_STRICT }).flags).toBe(
      X509_V_FLAG.CRL_CHECK | X509_V_FLAG.X509_STRICT,
    );
  });

  it('takes the time unless one is set here', () => {
    const { USE_CHECK_TIME } = X509_V_FLAG;
    expect(inherit({}, { checkTime: 7, flags: USE_CHECK_TIME })).toMatchObject({ checkTime: 7, flags: USE_CHECK_TIME });
    expect(inherit({ checkTime: 3, flags: USE_CHECK_TIME }, { checkTime: 7, flags: USE_CHECK_TIME }).checkTime).toBe(3);
    expect(inherit({ checkTime: 3, flags: USE_CHECK_TIME }, {}).flags).toBe(USE_CHECK_TIME);
  });

  it('lets host flags travel with a host list, and only then', () => {
    expect(inherit({ hostFlags: 1 }, { hosts: ['a'], hostFlags: 2 })).toMatchObject({ hosts: ['a'], hostFlags: 2 });
    expect(inherit({ hostFlags: 1 }, { hostFlags: 2 }).hostFlags).toBe(1);
    expect(inherit({ hosts: ['b'], hostFlags: 1 }, { hosts: ['a'], hostFlags: 2 })).toMatchObject({ hosts: ['b'], hostFlags: 1 });
  });

  it('does not take the name, the inheritance flags', () => {
    expect(inherit({}, { name: 'n', inheritanceFlags: X509_VP_FLAG.DEFAULT })).toMatchObject({ name: undefined, inheritanceFlags: 0 });
  });

  it('DEFAULT prefers what is set there', () => {
    expect(inherit({ depth: 1, hosts: ['b'], inheritanceFlags: X509_VP_FLAG.DEFAULT }, { depth: 5, hosts: ['a'] })).toMatchObject({
      depth: 5,
      hosts: ['a'],
    });
    expect(inherit({ depth: 1, inheritanceFlags: X509_VP_FLAG.DEFAULT }, {}).depth).toBe(1);
  });

  it('OVERWRITE takes everything, unset values too', () => {
    const values = inherit({ depth: 1, hosts: ['b'], email: 'e', inheritanceFlags: X509_VP_FLAG.OVERWRITE }, { purpose: 2 });
    expect(values).toMatchObject({ depth: -1, hosts: [], email: undefined, purpose: 2 });
  });

  it('RESET_FLAGS drops the flags here', () => {
    expect(inherit({ flags: 4, inheritanceFlags: X509_VP_FLAG.RESET_FLAGS }, { flags: 8 }).flags).toBe(8);
  });

  it('LOCKED takes nothing, whichever side says it', () => {
    expect(inherit({ inheritanceFlags: X509_VP_FLAG.LOCKED }, { depth: 5 }).depth).toBe(-1);
    expect(inherit({}, { depth: 5, inheritanceFlags: X509_VP_FLAG.LOCKED }).depth).toBe(-1);
  });

  it('ONCE forgets the rules afterwards', () => {
    expect(inherit({ inheritanceFlags: X509_VP_FLAG.ONCE | X509_VP_FLAG.OVERWRITE }, {}).inheritanceFlags).toBe(0);
    expect(inherit({ inheritanceFlags: X509_VP_FLAG.ONCE | X509_VP_FLAG.LOCKED }, {}).inheritanceFlags).toBe(0);
  });

  it('set1 prefers what is set there and keeps its own rules', () => {
    const to = param({ depth: 1, email: 'e', inheritanceFlags: X509_VP_FLAG.ONCE });
    to.set1(param({ depth: 5 }));
    expect(to.values).toMatchObject({ depth: 5, email: 'e', inheritanceFlags: X509_VP_FLAG.ONCE });
  });
});
