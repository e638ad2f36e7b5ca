/** Names, times, keys and algorithms as OpenSSL's commands print them. */
import { calendar } from '../asn1/time.ts';
import { utf8 } from '../bytes/bytes.ts';
import { EPHEMERAL_KEYS } from '../node/negotiated.ts';
import { sigalgName } from '../node/sigalg-names.ts';
import { groupName, namedGroup } from '../registry/groups.ts';
import { ATTRIBUTE_OIDS, namesByOid } from '../registry/oids.ts';
import { signatureScheme } from '../registry/signature-schemes.ts';
import { signatureAlgorithmOf } from '../x509/algorithms.ts';
import type { Certificate } from '../x509/certificate.ts';
import { attributeText, type Name } from '../x509/name.ts';

const ATTRIBUTES = namesByOid(ATTRIBUTE_OIDS);

/** `C = DE, O = "Acme, Inc", CN = example.com`. */
export const nameLine = (name: Name): string =>
  name.rdns
    .map((rdn) =>
      rdn.map((attribute) => `${ATTRIBUTES.get(attribute.type) ?? attribute.type} = ${quoted(attributeText(attribute) ?? '')}`).join(' + '),
    )
    .join(', ');

/** Bytes beyond ASCII are escaped, and a value with separators in it is quoted (ASN1_STRING_print_ex(3)). */
function quoted(text: string): string {
  let out = '';
  for (const byte of utf8(text)) {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) out += `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    else out += character === '"' || character === '\\' ? `\\${character}` : character;
  }
  return /[,+"<>;]|^[ #]| $/.test(text) ? `"${out}"` : out;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov 22 18:31:59 2026 GMT` of seconds since 1970. */
export function timeText(seconds: number): string {
  const { year, month, day, hour, minute, second } = calendar(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${MONTHS[month - 1]} ${String(day).padStart(2)} ${two(hour)}:${two(minute)}:${two(second)} ${year} GMT`;
}

/** Algorithm of a certificate's key, and its bits as OpenSSL counts them. */
export function keyText(certificate: Certificate): { readonly name: string; readonly bits: number } {
  const key = certificate.publicKey;
  switch (key?.kind) {
    case 'rsa':
      return { name: 'rsaEncryption', bits: bitLength(key.n) };
    case 'rsa-pss':
      return { name: 'rsassaPss', bits: bitLength(key.n) };
    case 'ec':
      return { name: 'id-ecPublicKey', bits: { 'P-256': 256, 'P-384': 384, 'P-521': 521 }[key.curve] };
    case 'ed25519':
      return { name: 'ED25519', bits: 253 };
    case 'ed448':
      return { name: 'ED448', bits: 456 };
    default:
      return { name: key?.kind ?? certificate.publicKeyAlgorithm.oid, bits: 0 };
  }
}

function bitLength(number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : 8 * (number.length - first - 1) + (32 - Math.clz32(number[first] as number));
}

/** How a certificate was signed: `ecdsa-with-SHA256`. */
export function signedWith({ signatureAlgorithm }: Certificate): string {
  const algorithm = signatureAlgorithmOf(signatureAlgorithm);
  switch (algorithm?.kind) {
    case 'ecdsa':
      return `ecdsa-with-${algorithm.hash.toUpperCase()}`;
    case 'rsa-pkcs1':
      return `RSA-${algorithm.hash.toUpperCase()}`;
    case 'rsa-pss':
      return 'rsassaPss';
    default:
      return algorithm?.kind.toUpperCase() ?? signatureAlgorithm.oid;
  }
}

const SIGNATURE_TYPES = { ecdsa: 'ECDSA', 'rsa-pss': 'RSA-PSS', 'rsa-pkcs1': 'RSA', ed25519: 'Ed25519', ed448: 'Ed448' } as const;

/** Hash and kind of a handshake signature; schemes that hash by themselves have no digest. */
export function schemeText(id: number): { readonly digest: string | undefined; readonly type: string } | undefined {
  const algorithm = signatureScheme(id)?.algorithm;
  if (algorithm === undefined) return undefined;
  const type = algorithm.kind in SIGNATURE_TYPES ? SIGNATURE_TYPES[algorithm.kind as keyof typeof SIGNATURE_TYPES] : algorithm.kind;
  return { digest: 'hash' in algorithm ? algorithm.hash.toUpperCase() : undefined, type };
}

/** One scheme in a list: the older spelling where it is unambiguous. */
export const sigalgText = (id: number): string => {
  const scheme = signatureScheme(id);
  return scheme === undefined || scheme.key === 'rsa-pss' || !('hash' in scheme.algorithm)
    ? (scheme?.name ?? sigalgName(id))
    : sigalgName(id);
};

/** `Server Temp Key: X25519, 253 bits`, or the group's name where it is a hybrid. */
export function temporaryKey(group: number): string {
  const name = groupName(group);
  const known = EPHEMERAL_KEYS[name];
  if (known !== undefined) return `Server Temp Key: ${name.startsWith('x') ? '' : 'ECDH, '}${known.name}, ${known.size} bits`;
  return namedGroup(group)?.kind === 'ffdhe'
    ? `Server Temp Key: DH, ${name.slice('ffdhe'.length)} bits`
    : `Negotiated TLS1.3 group: ${name}`;
}
