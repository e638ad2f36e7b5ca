import { provider } from '#provider';
import { TLS12_SUITES, TLS13_SUITES } from '../registry/cipher-suites.ts';

/** tls.getCiphers: OpenSSL's names of every suite there is, in lower case; those of TLS 1.3 begin with `tls_`. */
export const getCiphers = (): string[] => [...TLS13_SUITES, ...TLS12_SUITES].map(({ name }) => name.toLowerCase()).sort();

/** tls.getCertificateCompressionAlgorithms: names for the option `certificateCompression`. */
export const getCertificateCompressionAlgorithms = (): string[] => provider.compressors?.map(({ name }) => name) ?? [];
