import type { AeadName, CbcName, HashName } from '../crypto/provider.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from './versions.ts';

/** How the premaster secret comes about; `any`: TLS 1.3, where the suite does not say. */
export type KeyExchangeName = 'any' | 'ecdhe' | 'dhe' | 'rsa' | 'psk' | 'dhe-psk' | 'ecdhe-psk' | 'rsa-psk';

/** What the server proves itself with; `any`: TLS 1.3. `ecdsa` covers Ed25519 and Ed448 certificates (RFC 8422, 5.1). */
export type AuthenticationName = 'any' | 'rsa' | 'ecdsa' | 'psk' | 'none';

/** A cipher suite (RFC 9846, B.4; RFC 5246, A.5). With an `aead`, with a `cbc` and a `mac`, or with a `mac` alone, which encrypts nothing. */
export interface CipherSuite {
  readonly id: number;
  /** OpenSSL's name; for TLS 1.3 it is IANA's as well. */
  readonly name: string;
  readonly standardName: string;
  /** The oldest version as OpenSSL counts it, which for some is SSL 3.0: a bound, and no promise that the version exists. */
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly keyExchange: KeyExchangeName;
  readonly authentication: AuthenticationName;
  readonly aead?: AeadName;
  readonly cbc?: CbcName;
  /** The hash of the HMAC over records. */
  readonly mac?: HashName;
  /** Bytes of the cipher's key. */
  readonly keyLength: number;
  /** The hash of the key schedule and the transcript, from TLS 1.2 on; below, both are MD5 and SHA-1 together. */
  readonly hash: HashName;
  /** Strength in bits, for the security level. */
  readonly bits: number;
  /**
   * How much one key may seal (RFC 9846, 5.5): records, or blocks of a CBC cipher. At that point TLS 1.3 updates the key; below,
   * the connection ends.
   */
  readonly recordLimit: number;
}

/** A suite that protects records with an AEAD. */
export interface AeadSuite extends CipherSuite {
  readonly aead: AeadName;
}

/** A suite of TLS 1.3: an AEAD and a hash, and nothing said about key exchange. */
export const isTls13Suite = (suite: CipherSuite): suite is AeadSuite => suite.minVersion === TLS1_3_VERSION;

/** Where no other limit stands: a hard stop far below the end of the sequence numbers. */
const UNLIMITED = 2 ** 48;

/** GCM: RFC 9846, 5.5, rounded down. CCM: what RFC 9147, 4.5.3 gives it. ChaCha20-Poly1305 has no limit of its own. */
const AEADS: Readonly<Record<AeadName, { readonly keyLength: number; readonly recordLimit: number }>> = {
  'aes-128-gcm': { keyLength: 16, recordLimit: 2 ** 24 },
  'aes-256-gcm': { keyLength: 32, recordLimit: 2 ** 24 },
  'aes-128-ccm': { keyLength: 16, recordLimit: 2 ** 23 },
  'aes-256-ccm': { keyLength: 32, recordLimit: 2 ** 23 },
  'aes-128-ccm-8': { keyLength: 16, recordLimit: 2 ** 23 },
  'aes-256-ccm-8': { keyLength: 32, recordLimit: 2 ** 23 },
  'chacha20-poly1305': { keyLength: 32, recordLimit: UNLIMITED },
};

type SuiteCbc = Exclude<CbcName, 'aes-192-cbc' | 'aria-128-cbc' | 'aria-256-cbc'>;

/** 64-bit blocks begin to repeat after 2^32 of them, and an attack is at work long before (SWEET32): 2^20 are 8 MiB. */
const CBCS: Readonly<Record<SuiteCbc, { readonly keyLength: number; readonly bits: number; readonly recordLimit: number }>> = {
  'aes-128-cbc': { keyLength: 16, bits: 128, recordLimit: UNLIMITED },
  'aes-256-cbc': { keyLength: 32, bits: 256, recordLimit: UNLIMITED },
  'camellia-128-cbc': { keyLength: 16, bits: 128, recordLimit: UNLIMITED },
  'camellia-256-cbc': { keyLength: 32, bits: 256, recordLimit: UNLIMITED },
  '3des-cbc': { keyLength: 24, bits: 112, recordLimit: 2 ** 20 },
};

/** A tag of 8 bytes gives 64 bits against forgery; OpenSSL counts such suites that way from 3.2 on. */
const aeadBits = (aead: AeadName): number => (aead.endsWith('-8') ? 64 : 8 * AEADS[aead].keyLength);

const ANY = { keyExchange: 'any', authentication: 'any' } as const;
const ECDHE_ECDSA = { keyExchange: 'ecdhe', authentication: 'ecdsa' } as const;
const ECDHE_RSA = { keyExchange: 'ecdhe', authentication: 'rsa' } as const;
const ECDHE_ANON = { keyExchange: 'ecdhe', authentication: 'none' } as const;
const DHE_RSA = { keyExchange: 'dhe', authentication: 'rsa' } as const;
const DHE_ANON = { keyExchange: 'dhe', authentication: 'none' } as const;
const RSA = { keyExchange: 'rsa', authentication: 'rsa' } as const;
const PSK = { keyExchange: 'psk', authentication: 'psk' } as const;
const DHE_PSK = { keyExchange: 'dhe-psk', authentication: 'psk' } as const;
const ECDHE_PSK = { keyExchange: 'ecdhe-psk', authentication: 'psk' } as const;
const RSA_PSK = { keyExchange: 'rsa-psk', authentication: 'rsa' } as const;

type KeyExchange = Pick<CipherSuite, 'keyExchange' | 'authentication'>;

const tls13 = (id: number, name: string, aead: AeadName, hash: HashName = 'sha256'): AeadSuite => ({
  ...{ id, name, standardName: name, minVersion: TLS1_3_VERSION, maxVersion: TLS1_3_VERSION, ...ANY, aead, hash },
  ...{ ...AEADS[aead], bits: aeadBits(aead) },
});

const tls12 = (id: number, name: string, standardName: string, kx: KeyExchange, aead: AeadName, hash: HashName = 'sha256'): AeadSuite => ({
  ...{ id, name, standardName, minVersion: TLS1_2_VERSION, maxVersion: TLS1_2_VERSION, ...kx, aead, hash },
  ...{ ...AEADS[aead], bits: aeadBits(aead) },
});

/** MAC, then encrypt. HMAC with SHA-384 goes with SHA-384 everywhere; all other suites have SHA-256 in TLS 1.2 (RFC 5246, 5). */
const cbc = (
  id: number,
  minVersion: number,
  name: string,
  standardName: string,
  kx: KeyExchange,
  cipher: SuiteCbc,
  mac: HashName,
): CipherSuite => ({
  ...{ id, name, standardName, minVersion, maxVersion: TLS1_2_VERSION, ...kx, cbc: cipher, mac },
  ...{ ...CBCS[cipher], hash: mac === 'sha384' ? mac : 'sha256' },
});

/** A MAC and no encryption. */
const clear = (id: number, minVersion: number, name: string, standardName: string, kx: KeyExchange, mac: HashName): CipherSuite => ({
  ...{ id, name, standardName, minVersion, maxVersion: TLS1_2_VERSION, ...kx, mac },
  ...{ keyLength: 0, bits: 0, recordLimit: UNLIMITED, hash: mac === 'sha384' ? mac : 'sha256' },
});

const [SSL3, TLS1, TLS12] = [0x0300, TLS1_VERSION, TLS1_2_VERSION];

/** The suites of TLS 1.3, in OpenSSL's order of preference. */
export const TLS13_SUITES: readonly AeadSuite[] = [
  tls13(0x1302, 'TLS_AES_256_GCM_SHA384', 'aes-256-gcm', 'sha384'),
  tls13(0x1303, 'TLS_CHACHA20_POLY1305_SHA256', 'chacha20-poly1305'),
  tls13(0x1301, 'TLS_AES_128_GCM_SHA256', 'aes-128-gcm'),
  tls13(0x1304, 'TLS_AES_128_CCM_SHA256', 'aes-128-ccm'),
  tls13(0x1305, 'TLS_AES_128_CCM_8_SHA256', 'aes-128-ccm-8'),
];

/**
 * The suites of TLS 1.0 to 1.2, in OpenSSL's order before a cipher string rearranges it: forward secrecy with an AEAD, other
 * forward secrecy, other AEADs, the rest; in each group those of TLS 1.2 first, then the stronger ones.
 */
export const TLS12_SUITES: readonly CipherSuite[] = [
  tls12(0xc02c, 'ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', ECDHE_ECDSA, 'aes-256-gcm', 'sha384'),
  tls12(0xc030, 'ECDHE-RSA-AES256-GCM-SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', ECDHE_RSA, 'aes-256-gcm', 'sha384'),
  tls12(0x009f, 'DHE-RSA-AES256-GCM-SHA384', 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', DHE_RSA, 'aes-256-gcm', 'sha384'),
  tls12(0xcca9, 'ECDHE-ECDSA-CHACHA20-POLY1305', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', ECDHE_ECDSA, 'chacha20-poly1305'),
  tls12(0xcca8, 'ECDHE-RSA-CHACHA20-POLY1305', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', ECDHE_RSA, 'chacha20-poly1305'),
  tls12(0xccaa, 'DHE-RSA-CHACHA20-POLY1305', 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', DHE_RSA, 'chacha20-poly1305'),
  tls12(0xc0af, 'ECDHE-ECDSA-AES256-CCM8', 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', ECDHE_ECDSA, 'aes-256-ccm-8'),
  tls12(0xc0ad, 'ECDHE-ECDSA-AES256-CCM', 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM', ECDHE_ECDSA, 'aes-256-ccm'),
  tls12(0xc0a3, 'DHE-RSA-AES256-CCM8', 'TLS_DHE_RSA_WITH_AES_256_CCM_8', DHE_RSA, 'aes-256-ccm-8'),
  tls12(0xc09f, 'DHE-RSA-AES256-CCM', 'TLS_DHE_RSA_WITH_AES_256_CCM', DHE_RSA, 'aes-256-ccm'),
  tls12(0x00a7, 'ADH-AES256-GCM-SHA384', 'TLS_DH_anon_WITH_AES_256_GCM_SHA384', DHE_ANON, 'aes-256-gcm', 'sha384'),
  tls12(0xc02b, 'ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', ECDHE_ECDSA, 'aes-128-gcm'),
  tls12(0xc02f, 'ECDHE-RSA-AES128-GCM-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', ECDHE_RSA, 'aes-128-gcm'),
  tls12(0x009e, 'DHE-RSA-AES128-GCM-SHA256', 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', DHE_RSA, 'aes-128-gcm'),
  tls12(0xc0ae, 'ECDHE-ECDSA-AES128-CCM8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', ECDHE_ECDSA, 'aes-128-ccm-8'),
  tls12(0xc0ac, 'ECDHE-ECDSA-AES128-CCM', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM', ECDHE_ECDSA, 'aes-128-ccm'),
  tls12(0xc0a2, 'DHE-RSA-AES128-CCM8', 'TLS_DHE_RSA_WITH_AES_128_CCM_8', DHE_RSA, 'aes-128-ccm-8'),
  tls12(0xc09e, 'DHE-RSA-AES128-CCM', 'TLS_DHE_RSA_WITH_AES_128_CCM', DHE_RSA, 'aes-128-ccm'),
  tls12(0x00a6, 'ADH-AES128-GCM-SHA256', 'TLS_DH_anon_WITH_AES_128_GCM_SHA256', DHE_ANON, 'aes-128-gcm'),
  cbc(0xc024, TLS12, 'ECDHE-ECDSA-AES256-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', ECDHE_ECDSA, 'aes-256-cbc', 'sha384'),
  cbc(0xc028, TLS12, 'ECDHE-RSA-AES256-SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', ECDHE_RSA, 'aes-256-cbc', 'sha384'),
  cbc(0x006b, TLS12, 'DHE-RSA-AES256-SHA256', 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', DHE_RSA, 'aes-256-cbc', 'sha256'),
  cbc(
    0xc073,
    TLS12,
    'ECDHE-ECDSA-CAMELLIA256-SHA384',
    'TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384',
    ECDHE_ECDSA,
    'camellia-256-cbc',
    'sha384',
  ),
  cbc(0xc077, TLS12, 'ECDHE-RSA-CAMELLIA256-SHA384', 'TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384', ECDHE_RSA, 'camellia-256-cbc', 'sha384'),
  cbc(0x00c4, TLS12, 'DHE-RSA-CAMELLIA256-SHA256', 'TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256', DHE_RSA, 'camellia-256-cbc', 'sha256'),
  cbc(0x006d, TLS12, 'ADH-AES256-SHA256', 'TLS_DH_anon_WITH_AES_256_CBC_SHA256', DHE_ANON, 'aes-256-cbc', 'sha256'),
  cbc(0x00c5, TLS12, 'ADH-CAMELLIA256-SHA256', 'TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256', DHE_ANON, 'camellia-256-cbc', 'sha256'),
  cbc(0xc023, TLS12, 'ECDHE-ECDSA-AES128-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', ECDHE_ECDSA, 'aes-128-cbc', 'sha256'),
  cbc(0xc027, TLS12, 'ECDHE-RSA-AES128-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', ECDHE_RSA, 'aes-128-cbc', 'sha256'),
  cbc(0x0067, TLS12, 'DHE-RSA-AES128-SHA256', 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256', DHE_RSA, 'aes-128-cbc', 'sha256'),
  cbc(
    0xc072,
    TLS12,
    'ECDHE-ECDSA-CAMELLIA128-SHA256',
    'TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256',
    ECDHE_ECDSA,
    'camellia-128-cbc',
    'sha256',
  ),
  cbc(0xc076, TLS12, 'ECDHE-RSA-CAMELLIA128-SHA256', 'TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256', ECDHE_RSA, 'camellia-128-cbc', 'sha256'),
  cbc(0x00be, TLS12, 'DHE-RSA-CAMELLIA128-SHA256', 'TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256', DHE_RSA, 'camellia-128-cbc', 'sha256'),
  cbc(0x006c, TLS12, 'ADH-AES128-SHA256', 'TLS_DH_anon_WITH_AES_128_CBC_SHA256', DHE_ANON, 'aes-128-cbc', 'sha256'),
  cbc(0x00bf, TLS12, 'ADH-CAMELLIA128-SHA256', 'TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256', DHE_ANON, 'camellia-128-cbc', 'sha256'),
  cbc(0xc00a, TLS1, 'ECDHE-ECDSA-AES256-SHA', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', ECDHE_ECDSA, 'aes-256-cbc', 'sha1'),
  cbc(0xc014, TLS1, 'ECDHE-RSA-AES256-SHA', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', ECDHE_RSA, 'aes-256-cbc', 'sha1'),
  cbc(0x0039, SSL3, 'DHE-RSA-AES256-SHA', 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA', DHE_RSA, 'aes-256-cbc', 'sha1'),
  cbc(0x0088, SSL3, 'DHE-RSA-CAMELLIA256-SHA', 'TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA', DHE_RSA, 'camellia-256-cbc', 'sha1'),
  cbc(0xc019, TLS1, 'AECDH-AES256-SHA', 'TLS_ECDH_anon_WITH_AES_256_CBC_SHA', ECDHE_ANON, 'aes-256-cbc', 'sha1'),
  cbc(0x003a, SSL3, 'ADH-AES256-SHA', 'TLS_DH_anon_WITH_AES_256_CBC_SHA', DHE_ANON, 'aes-256-cbc', 'sha1'),
  cbc(0x0089, SSL3, 'ADH-CAMELLIA256-SHA', 'TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA', DHE_ANON, 'camellia-256-cbc', 'sha1'),
  cbc(0xc009, TLS1, 'ECDHE-ECDSA-AES128-SHA', 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', ECDHE_ECDSA, 'aes-128-cbc', 'sha1'),
  cbc(0xc013, TLS1, 'ECDHE-RSA-AES128-SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', ECDHE_RSA, 'aes-128-cbc', 'sha1'),
  cbc(0x0033, SSL3, 'DHE-RSA-AES128-SHA', 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA', DHE_RSA, 'aes-128-cbc', 'sha1'),
  cbc(0x0045, SSL3, 'DHE-RSA-CAMELLIA128-SHA', 'TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA', DHE_RSA, 'camellia-128-cbc', 'sha1'),
  cbc(0xc018, TLS1, 'AECDH-AES128-SHA', 'TLS_ECDH_anon_WITH_AES_128_CBC_SHA', ECDHE_ANON, 'aes-128-cbc', 'sha1'),
  cbc(0x0034, SSL3, 'ADH-AES128-SHA', 'TLS_DH_anon_WITH_AES_128_CBC_SHA', DHE_ANON, 'aes-128-cbc', 'sha1'),
  cbc(0x0046, SSL3, 'ADH-CAMELLIA128-SHA', 'TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA', DHE_ANON, 'camellia-128-cbc', 'sha1'),
  cbc(0xc008, TLS1, 'ECDHE-ECDSA-DES-CBC3-SHA', 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA', ECDHE_ECDSA, '3des-cbc', 'sha1'),
  cbc(0xc012, TLS1, 'ECDHE-RSA-DES-CBC3-SHA', 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', ECDHE_RSA, '3des-cbc', 'sha1'),
  cbc(0x0016, SSL3, 'DHE-RSA-DES-CBC3-SHA', 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA', DHE_RSA, '3des-cbc', 'sha1'),
  cbc(0xc017, TLS1, 'AECDH-DES-CBC3-SHA', 'TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA', ECDHE_ANON, '3des-cbc', 'sha1'),
  cbc(0x001b, SSL3, 'ADH-DES-CBC3-SHA', 'TLS_DH_anon_WITH_3DES_EDE_CBC_SHA', DHE_ANON, '3des-cbc', 'sha1'),
  clear(0xc006, TLS1, 'ECDHE-ECDSA-NULL-SHA', 'TLS_ECDHE_ECDSA_WITH_NULL_SHA', ECDHE_ECDSA, 'sha1'),
  clear(0xc010, TLS1, 'ECDHE-RSA-NULL-SHA', 'TLS_ECDHE_RSA_WITH_NULL_SHA', ECDHE_RSA, 'sha1'),
  clear(0xc015, TLS1, 'AECDH-NULL-SHA', 'TLS_ECDH_anon_WITH_NULL_SHA', ECDHE_ANON, 'sha1'),
  tls12(0x00ad, 'RSA-PSK-AES256-GCM-SHA384', 'TLS_RSA_PSK_WITH_AES_256_GCM_SHA384', RSA_PSK, 'aes-256-gcm', 'sha384'),
  tls12(0x00ab, 'DHE-PSK-AES256-GCM-SHA384', 'TLS_DHE_PSK_WITH_AES_256_GCM_SHA384', DHE_PSK, 'aes-256-gcm', 'sha384'),
  tls12(0xccae, 'RSA-PSK-CHACHA20-POLY1305', 'TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256', RSA_PSK, 'chacha20-poly1305'),
  tls12(0xccad, 'DHE-PSK-CHACHA20-POLY1305', 'TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256', DHE_PSK, 'chacha20-poly1305'),
  tls12(0xccac, 'ECDHE-PSK-CHACHA20-POLY1305', 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', ECDHE_PSK, 'chacha20-poly1305'),
  tls12(0xc0ab, 'DHE-PSK-AES256-CCM8', 'TLS_PSK_DHE_WITH_AES_256_CCM_8', DHE_PSK, 'aes-256-ccm-8'),
  tls12(0xc0a7, 'DHE-PSK-AES256-CCM', 'TLS_DHE_PSK_WITH_AES_256_CCM', DHE_PSK, 'aes-256-ccm'),
  tls12(0x009d, 'AES256-GCM-SHA384', 'TLS_RSA_WITH_AES_256_GCM_SHA384', RSA, 'aes-256-gcm', 'sha384'),
  tls12(0xc0a1, 'AES256-CCM8', 'TLS_RSA_WITH_AES_256_CCM_8', RSA, 'aes-256-ccm-8'),
  tls12(0xc09d, 'AES256-CCM', 'TLS_RSA_WITH_AES_256_CCM', RSA, 'aes-256-ccm'),
  tls12(0x00a9, 'PSK-AES256-GCM-SHA384', 'TLS_PSK_WITH_AES_256_GCM_SHA384', PSK, 'aes-256-gcm', 'sha384'),
  tls12(0xccab, 'PSK-CHACHA20-POLY1305', 'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256', PSK, 'chacha20-poly1305'),
  tls12(0xc0a9, 'PSK-AES256-CCM8', 'TLS_PSK_WITH_AES_256_CCM_8', PSK, 'aes-256-ccm-8'),
  tls12(0xc0a5, 'PSK-AES256-CCM', 'TLS_PSK_WITH_AES_256_CCM', PSK, 'aes-256-ccm'),
  tls12(0x00ac, 'RSA-PSK-AES128-GCM-SHA256', 'TLS_RSA_PSK_WITH_AES_128_GCM_SHA256', RSA_PSK, 'aes-128-gcm'),
  tls12(0x00aa, 'DHE-PSK-AES128-GCM-SHA256', 'TLS_DHE_PSK_WITH_AES_128_GCM_SHA256', DHE_PSK, 'aes-128-gcm'),
  tls12(0xc0aa, 'DHE-PSK-AES128-CCM8', 'TLS_PSK_DHE_WITH_AES_128_CCM_8', DHE_PSK, 'aes-128-ccm-8'),
  tls12(0xc0a6, 'DHE-PSK-AES128-CCM', 'TLS_DHE_PSK_WITH_AES_128_CCM', DHE_PSK, 'aes-128-ccm'),
  tls12(0x009c, 'AES128-GCM-SHA256', 'TLS_RSA_WITH_AES_128_GCM_SHA256', RSA, 'aes-128-gcm'),
  tls12(0xc0a0, 'AES128-CCM8', 'TLS_RSA_WITH_AES_128_CCM_8', RSA, 'aes-128-ccm-8'),
  tls12(0xc09c, 'AES128-CCM', 'TLS_RSA_WITH_AES_128_CCM', RSA, 'aes-128-ccm'),
  tls12(0x00a8, 'PSK-AES128-GCM-SHA256', 'TLS_PSK_WITH_AES_128_GCM_SHA256', PSK, 'aes-128-gcm'),
  tls12(0xc0a8, 'PSK-AES128-CCM8', 'TLS_PSK_WITH_AES_128_CCM_8', PSK, 'aes-128-ccm-8'),
  tls12(0xc0a4, 'PSK-AES128-CCM', 'TLS_PSK_WITH_AES_128_CCM', PSK, 'aes-128-ccm'),
  cbc(0x003d, TLS12, 'AES256-SHA256', 'TLS_RSA_WITH_AES_256_CBC_SHA256', RSA, 'aes-256-cbc', 'sha256'),
  cbc(0x00c0, TLS12, 'CAMELLIA256-SHA256', 'TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256', RSA, 'camellia-256-cbc', 'sha256'),
  cbc(0x003c, TLS12, 'AES128-SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA256', RSA, 'aes-128-cbc', 'sha256'),
  cbc(0x00ba, TLS12, 'CAMELLIA128-SHA256', 'TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256', RSA, 'camellia-128-cbc', 'sha256'),
  clear(0x003b, TLS12, 'NULL-SHA256', 'TLS_RSA_WITH_NULL_SHA256', RSA, 'sha256'),
  cbc(0xc038, TLS1, 'ECDHE-PSK-AES256-CBC-SHA384', 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384', ECDHE_PSK, 'aes-256-cbc', 'sha384'),
  cbc(0xc036, TLS1, 'ECDHE-PSK-AES256-CBC-SHA', 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA', ECDHE_PSK, 'aes-256-cbc', 'sha1'),
  cbc(0x00b7, TLS1, 'RSA-PSK-AES256-CBC-SHA384', 'TLS_RSA_PSK_WITH_AES_256_CBC_SHA384', RSA_PSK, 'aes-256-cbc', 'sha384'),
  cbc(0x00b3, TLS1, 'DHE-PSK-AES256-CBC-SHA384', 'TLS_DHE_PSK_WITH_AES_256_CBC_SHA384', DHE_PSK, 'aes-256-cbc', 'sha384'),
  cbc(0x0095, SSL3, 'RSA-PSK-AES256-CBC-SHA', 'TLS_RSA_PSK_WITH_AES_256_CBC_SHA', RSA_PSK, 'aes-256-cbc', 'sha1'),
  cbc(0x0091, SSL3, 'DHE-PSK-AES256-CBC-SHA', 'TLS_DHE_PSK_WITH_AES_256_CBC_SHA', DHE_PSK, 'aes-256-cbc', 'sha1'),
  cbc(0xc09b, TLS1, 'ECDHE-PSK-CAMELLIA256-SHA384', 'TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384', ECDHE_PSK, 'camellia-256-cbc', 'sha384'),
  cbc(0xc099, TLS1, 'RSA-PSK-CAMELLIA256-SHA384', 'TLS_RSA_PSK_WITH_CAMELLIA_256_CBC_SHA384', RSA_PSK, 'camellia-256-cbc', 'sha384'),
  cbc(0xc097, TLS1, 'DHE-PSK-CAMELLIA256-SHA384', 'TLS_DHE_PSK_WITH_CAMELLIA_256_CBC_SHA384', DHE_PSK, 'camellia-256-cbc', 'sha384'),
  cbc(0x0035, SSL3, 'AES256-SHA', 'TLS_RSA_WITH_AES_256_CBC_SHA', RSA, 'aes-256-cbc', 'sha1'),
  cbc(0x0084, SSL3, 'CAMELLIA256-SHA', 'TLS_RSA_WITH_CAMELLIA_256_CBC_SHA', RSA, 'camellia-256-cbc', 'sha1'),
  cbc(0x00af, TLS1, 'PSK-AES256-CBC-SHA384', 'TLS_PSK_WITH_AES_256_CBC_SHA384', PSK, 'aes-256-cbc', 'sha384'),
  cbc(0x008d, SSL3, 'PSK-AES256-CBC-SHA', 'TLS_PSK_WITH_AES_256_CBC_SHA', PSK, 'aes-256-cbc', 'sha1'),
  cbc(0xc095, TLS1, 'PSK-CAMELLIA256-SHA384', 'TLS_PSK_WITH_CAMELLIA_256_CBC_SHA384', PSK, 'camellia-256-cbc', 'sha384'),
  cbc(0xc037, TLS1, 'ECDHE-PSK-AES128-CBC-SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', ECDHE_PSK, 'aes-128-cbc', 'sha256'),
  cbc(0xc035, TLS1, 'ECDHE-PSK-AES128-CBC-SHA', 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA', ECDHE_PSK, 'aes-128-cbc', 'sha1'),
  cbc(0x00b6, TLS1, 'RSA-PSK-AES128-CBC-SHA256', 'TLS_RSA_PSK_WITH_AES_128_CBC_SHA256', RSA_PSK, 'aes-128-cbc', 'sha256'),
  cbc(0x00b2, TLS1, 'DHE-PSK-AES128-CBC-SHA256', 'TLS_DHE_PSK_WITH_AES_128_CBC_SHA256', DHE_PSK, 'aes-128-cbc', 'sha256'),
  cbc(0x0094, SSL3, 'RSA-PSK-AES128-CBC-SHA', 'TLS_RSA_PSK_WITH_AES_128_CBC_SHA', RSA_PSK, 'aes-128-cbc', 'sha1'),
  cbc(0x0090, SSL3, 'DHE-PSK-AES128-CBC-SHA', 'TLS_DHE_PSK_WITH_AES_128_CBC_SHA', DHE_PSK, 'aes-128-cbc', 'sha1'),
  cbc(0xc09a, TLS1, 'ECDHE-PSK-CAMELLIA128-SHA256', 'TLS_ECDHE_PSK_WITH_CAMELLIA_128_CBC_SHA256', ECDHE_PSK, 'camellia-128-cbc', 'sha256'),
  cbc(0xc098, TLS1, 'RSA-PSK-CAMELLIA128-SHA256', 'TLS_RSA_PSK_WITH_CAMELLIA_128_CBC_SHA256', RSA_PSK, 'camellia-128-cbc', 'sha256'),
  cbc(0xc096, TLS1, 'DHE-PSK-CAMELLIA128-SHA256', 'TLS_DHE_PSK_WITH_CAMELLIA_128_CBC_SHA256', DHE_PSK, 'camellia-128-cbc', 'sha256'),
  cbc(0x002f, SSL3, 'AES128-SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA', RSA, 'aes-128-cbc', 'sha1'),
  cbc(0x0041, SSL3, 'CAMELLIA128-SHA', 'TLS_RSA_WITH_CAMELLIA_128_CBC_SHA', RSA, 'camellia-128-cbc', 'sha1'),
  cbc(0x00ae, TLS1, 'PSK-AES128-CBC-SHA256', 'TLS_PSK_WITH_AES_128_CBC_SHA256', PSK, 'aes-128-cbc', 'sha256'),
  cbc(0x008c, SSL3, 'PSK-AES128-CBC-SHA', 'TLS_PSK_WITH_AES_128_CBC_SHA', PSK, 'aes-128-cbc', 'sha1'),
  cbc(0xc094, TLS1, 'PSK-CAMELLIA128-SHA256', 'TLS_PSK_WITH_CAMELLIA_128_CBC_SHA256', PSK, 'camellia-128-cbc', 'sha256'),
  cbc(0xc034, TLS1, 'ECDHE-PSK-3DES-EDE-CBC-SHA', 'TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA', ECDHE_PSK, '3des-cbc', 'sha1'),
  cbc(0x0093, SSL3, 'RSA-PSK-3DES-EDE-CBC-SHA', 'TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA', RSA_PSK, '3des-cbc', 'sha1'),
  cbc(0x008f, SSL3, 'DHE-PSK-3DES-EDE-CBC-SHA', 'TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA', DHE_PSK, '3des-cbc', 'sha1'),
  cbc(0x000a, SSL3, 'DES-CBC3-SHA', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', RSA, '3des-cbc', 'sha1'),
  cbc(0x008b, SSL3, 'PSK-3DES-EDE-CBC-SHA', 'TLS_PSK_WITH_3DES_EDE_CBC_SHA', PSK, '3des-cbc', 'sha1'),
  clear(0xc03b, TLS1, 'ECDHE-PSK-NULL-SHA384', 'TLS_ECDHE_PSK_WITH_NULL_SHA384', ECDHE_PSK, 'sha384'),
  clear(0xc03a, TLS1, 'ECDHE-PSK-NULL-SHA256', 'TLS_ECDHE_PSK_WITH_NULL_SHA256', ECDHE_PSK, 'sha256'),
  clear(0xc039, TLS1, 'ECDHE-PSK-NULL-SHA', 'TLS_ECDHE_PSK_WITH_NULL_SHA', ECDHE_PSK, 'sha1'),
  clear(0x00b9, TLS1, 'RSA-PSK-NULL-SHA384', 'TLS_RSA_PSK_WITH_NULL_SHA384', RSA_PSK, 'sha384'),
  clear(0x00b8, TLS1, 'RSA-PSK-NULL-SHA256', 'TLS_RSA_PSK_WITH_NULL_SHA256', RSA_PSK, 'sha256'),
  clear(0x00b5, TLS1, 'DHE-PSK-NULL-SHA384', 'TLS_DHE_PSK_WITH_NULL_SHA384', DHE_PSK, 'sha384'),
  clear(0x00b4, TLS1, 'DHE-PSK-NULL-SHA256', 'TLS_DHE_PSK_WITH_NULL_SHA256', DHE_PSK, 'sha256'),
  clear(0x002e, SSL3, 'RSA-PSK-NULL-SHA', 'TLS_RSA_PSK_WITH_NULL_SHA', RSA_PSK, 'sha1'),
  clear(0x002d, SSL3, 'DHE-PSK-NULL-SHA', 'TLS_DHE_PSK_WITH_NULL_SHA', DHE_PSK, 'sha1'),
  clear(0x0002, SSL3, 'NULL-SHA', 'TLS_RSA_WITH_NULL_SHA', RSA, 'sha1'),
  clear(0x0001, SSL3, 'NULL-MD5', 'TLS_RSA_WITH_NULL_MD5', RSA, 'md5'),
  clear(0x00b1, TLS1, 'PSK-NULL-SHA384', 'TLS_PSK_WITH_NULL_SHA384', PSK, 'sha384'),
  clear(0x00b0, TLS1, 'PSK-NULL-SHA256', 'TLS_PSK_WITH_NULL_SHA256', PSK, 'sha256'),
  clear(0x002c, SSL3, 'PSK-NULL-SHA', 'TLS_PSK_WITH_NULL_SHA', PSK, 'sha1'),
];

/** Every suite that is built. */
export const CIPHER_SUITES: readonly CipherSuite[] = [...TLS13_SUITES, ...TLS12_SUITES];

const BY_ID: ReadonlyMap<number, CipherSuite> = new Map(CIPHER_SUITES.map((suite) => [suite.id, suite]));
const BY_NAME: ReadonlyMap<string, CipherSuite> = new Map(
  CIPHER_SUITES.flatMap((suite) => [
    [suite.standardName, suite],
    [suite.name, suite],
  ]),
);

export const cipherSuite = (id: number): CipherSuite | undefined => BY_ID.get(id);

/** By OpenSSL's name or by IANA's. */
export const cipherSuiteByName = (name: string): CipherSuite | undefined => BY_NAME.get(name);

/** The suites offered when none were configured (OpenSSL's TLS_DEFAULT_CIPHERSUITES). */
export const DEFAULT_TLS13_SUITES: readonly number[] = [0x1302, 0x1303, 0x1301];

/** The same for TLS 1.2, where it is not OpenSSL's DEFAULT: forward secrecy and AEADs only, Diffie-Hellman over integers last. */
export const DEFAULT_TLS12_SUITES: readonly number[] = [0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0x009f, 0x009e, 0xccaa];

/** A name for any code point, known or not. */
export const cipherSuiteName = (id: number): string => BY_ID.get(id)?.name ?? `0x${id.toString(16).padStart(4, '0')}`;
