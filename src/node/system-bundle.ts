import { fs } from './builtins.ts';

/** The operating system's certificate bundle: SSL_CERT_FILE, or where distributions keep it; undefined where there is none. */
export const systemBundle = (): string | undefined =>
  [process.env['SSL_CERT_FILE'], ...BUNDLES].find((path) => path !== undefined && fs.existsSync(path));

const BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch, Gentoo
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // RHEL
  '/etc/ssl/ca-bundle.pem', // SUSE
  '/etc/ssl/cert.pem', // Alpine, macOS, BSD
  '/usr/local/etc/ssl/cert.pem', // FreeBSD
];
