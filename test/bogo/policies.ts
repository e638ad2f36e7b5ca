/** BoringSSL's compliance policies, as what they are: lists of what is left in force. */
import type { SslContextOptions } from '../../src/index.ts';
import type { Flags } from './flags.ts';

const TLS12 = 0x0303;
const TLS13 = 0x0304;
const AES_256 = ['TLS_AES_256_GCM_SHA384'];
const SHA_384 = [0x0503, 0x0805, 0x0501];

/** SP 800-52r2; WPA3 3.1, 3.5; RFC 9151; draft-becker-cnsa2-tls-profile. */
const POLICIES = {
  'fips-202205': {
    minProtoVersion: TLS12,
    cipherSuites: ['TLS_AES_128_GCM_SHA256', ...AES_256],
    cipherList: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
    groups: ['P-256', 'P-384'],
    sigalgs: [0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0804, 0x0805, 0x0806],
  },
  'wpa-202304': {
    minProtoVersion: TLS12,
    cipherSuites: AES_256,
    cipherList: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
    groups: ['P-384'],
    sigalgs: [0x0501, 0x0601, 0x0503, 0x0805, 0x0806],
  },
  'cnsa1-202603': {
    minProtoVersion: TLS12,
    cipherSuites: AES_256,
    cipherList: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384',
    groups: ['MLKEM1024', 'P-384'],
    sigalgs: SHA_384,
  },
  'cnsa2-202603': { minProtoVersion: TLS13, cipherSuites: AES_256, groups: ['MLKEM1024'], sigalgs: SHA_384 },
} as const;

/** What the policies that were asked for leave in force. */
export function policyOptions(flags: Flags): SslContextOptions {
  const names = (Object.keys(POLICIES) as (keyof typeof POLICIES)[]).filter((name) => flags[name]);
  const options: readonly SslContextOptions[] = names.map((name) => ({ ...POLICIES[name], clientSigalgs: POLICIES[name].sigalgs }));
  return Object.assign({}, ...options);
}
