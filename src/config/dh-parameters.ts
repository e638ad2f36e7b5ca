/** Finite-field groups from files (PKCS#3, DHParameter; `openssl dhparam`). */
import { Asn1Error } from '../asn1/asn1-error.ts';
import { readDer, TAG } from '../asn1/der-reader.ts';
import { isPem, pemBlocks } from '../asn1/pem.ts';
import { copyOf } from '../bytes/bytes.ts';
import type { DhGroup } from '../crypto/ffdhe.ts';
import { refuse } from '../registry/fatal.ts';

/** The DHParameter of a DER structure: a prime and a generator. */
export const dhGroupOf = (der: Uint8Array): DhGroup =>
  readDer(der, (r) =>
    r.inside(TAG.sequence, (inner) => {
      const group = { prime: copyOf(inner.unsigned()), generator: copyOf(inner.unsigned()) };
      // privateValueLength, which says nothing that matters here.
      if (!inner.empty) inner.skip();
      return group;
    }),
  );

/** Reads a PEM file with `DH PARAMETERS` in it, or their DER. Refuses what has none with BAD_DH_VALUE. */
export function readDhParameters(material: string | Uint8Array): DhGroup {
  const der =
    typeof material === 'string' || isPem(material)
      ? ([...pemBlocks(material)].find(({ label }) => label === 'DH PARAMETERS')?.bytes ?? refuse('BAD_DH_VALUE', 'no DH PARAMETERS'))
      : material;
  try {
    return dhGroupOf(der);
  } catch (error) {
    if (error instanceof Asn1Error) return refuse('BAD_DH_VALUE', error.message);
    throw error;
  }
}
