import { describe, expect, it } from 'vitest';
import { DEFAULT_GROUPS, groupByName, groupName, NAMED_GROUPS, namedGroup } from './groups.ts';

describe('the table of groups', () => {
  it('has the share lengths of the RFCs', () => {
    expect(Object.fromEntries(NAMED_GROUPS.map((group) => [group.name, [group.clientShareLength, group.serverShareLength]]))).toEqual({
      secp256r1: [65, 65],
      secp384r1: [97, 97],
      secp521r1: [133, 133],
      x25519: [32, 32],
      x448: [56, 56],
      ffdhe2048: [256, 256],
      ffdhe3072: [384, 384],
      ffdhe4096: [512, 512],
      ffdhe6144: [768, 768],
      ffdhe8192: [1024, 1024],
      MLKEM768: [1184, 1088],
      MLKEM1024: [1568, 1568],
      SecP256r1MLKEM768: [1249, 1153],
      X25519MLKEM768: [1216, 1120],
      SecP384r1MLKEM1024: [1665, 1665],
    });
  });

  it('is found by each name, in whatever case', () => {
    for (const name of ['secp256r1', 'P-256', 'prime256v1', 'p-256', 'PRIME256V1']) expect(groupByName(name)?.id).toBe(0x17);
    expect(groupByName('X25519')?.id).toBe(0x1d);
    expect(groupByName('x25519mlkem768')?.id).toBe(0x11ec);
    expect(groupByName('FFDHE8192')?.id).toBe(0x104);
    expect(groupByName('brainpoolP256r1')).toBeUndefined();
  });

  it('names code points, also those it does not know', () => {
    for (const { id, name } of NAMED_GROUPS) expect(groupName(id)).toBe(name);
    expect(groupName(0x2a)).toBe('group 0x002a');
    expect(namedGroup(0x2a)).toBeUndefined();
  });

  it('keeps ML-KEM to TLS 1.3 and puts X25519MLKEM768 first', () => {
    for (const { tls12, parts } of NAMED_GROUPS) expect(tls12).toBe(!parts.some((part) => part.startsWith('ML-KEM')));
    expect(DEFAULT_GROUPS.map(groupName)).toEqual([
      'X25519MLKEM768',
      'x25519',
      'secp256r1',
      'x448',
      'secp384r1',
      'secp521r1',
      'ffdhe2048',
      'ffdhe3072',
    ]);
  });
});
