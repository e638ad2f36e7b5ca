import { SIGNATURE_SCHEMES, type SignatureScheme, signatureScheme } from '../registry/signature-schemes.ts';

/** OpenSSL's older spelling of a scheme: key, plus sign, hash. `RSA-PSS+SHA256` is said of both kinds of RSA key. */
export function sigalgName(id: number): string {
  const scheme = signatureScheme(id);
  return scheme === undefined ? `0x${id.toString(16).padStart(4, '0')}` : spelled(scheme);
}

/** A colon list in either spelling as IANA's names; `RSA-PSS+SHA256` asks for keys of any use, as with OpenSSL. Names nobody knows stay, for the setting to refuse. */
export const sigalgList = (list: string): readonly string[] => list.split(':').map((name) => BY_SPELLING.get(name.toUpperCase()) ?? name);

const KEY_NAMES = { ecdsa: 'ECDSA', 'rsa-pss': 'RSA-PSS', 'rsa-pkcs1': 'RSA' } as const;
const EDWARDS = { ed25519: 'Ed25519+UNDEF', ed448: 'Ed448+UNDEF' } as const;

function spelled({ algorithm, name }: SignatureScheme): string {
  switch (algorithm.kind) {
    case 'ecdsa':
    case 'rsa-pss':
    case 'rsa-pkcs1':
      return `${KEY_NAMES[algorithm.kind]}+${algorithm.hash.toUpperCase()}`;
    case 'ed25519':
    case 'ed448':
      return EDWARDS[algorithm.kind];
    default:
      return name;
  }
}

const BY_SPELLING: ReadonlyMap<string, string> = new Map(
  SIGNATURE_SCHEMES.filter(({ name }) => !name.startsWith('rsa_pss_pss_')).map((scheme) => [spelled(scheme).toUpperCase(), scheme.name]),
);
