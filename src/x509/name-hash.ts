import { TAG } from '../asn1/der-reader.ts';
import { compareBytes, element, oid, sequence } from '../asn1/der-writer.ts';
import { concat, toHex, utf8 } from '../bytes/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { attributeText, foldCaseAndSpace, type Name, type NameAttribute } from './name.ts';

/** The eight digits by which hashed directories name files about a subject (X509_NAME_hash(3), `openssl rehash`). */
export function nameHash(name: Name, provider: CryptoProvider): string {
  const canonical = concat(...name.rdns.map((rdn) => element(TAG.set, ...rdn.map(canonicalAttribute).sort(compareBytes))));
  return toHex(provider.digest('sha1', canonical).slice(0, 4).reverse());
}

/** Text becomes UTF-8 without its case and spare blanks; numbers and what is no text stay as they are. */
function canonicalAttribute(attribute: NameAttribute): Uint8Array {
  const { type, tag, value } = attribute;
  const text = tag === TAG.numericString ? undefined : attributeText(attribute);
  return sequence(oid(type), text === undefined ? element(tag, value) : element(TAG.utf8String, utf8(foldCaseAndSpace(text))));
}
