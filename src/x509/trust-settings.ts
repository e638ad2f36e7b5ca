import { contextConstructed, type DerReader, TAG } from '../asn1/der-reader.ts';
import { PURPOSE_OIDS } from '../registry/oids.ts';
import { type PurposeName, X509_TRUST } from '../registry/x509-flags.ts';

/** What a `TRUSTED CERTIFICATE` says besides the certificate (X509_CERT_AUX): purposes it is an anchor for, and those it is not. */
export interface TrustSettings {
  /** OIDs of purposes; undefined where nothing is said, and an empty list trusts nothing. */
  readonly trust: readonly string[] | undefined;
  readonly reject: readonly string[];
}

/** Reads such settings (X509_CERT_AUX). */
export function readTrustSettings(outer: DerReader): TrustSettings {
  return outer.inside(TAG.sequence, (r) => {
    const trust = r.optional(TAG.sequence, (x) => x.list(TAG.sequence, (y) => y.oid()));
    const reject = r.optional(contextConstructed(0), (x) => x.list(contextConstructed(0), (y) => y.oid())) ?? [];
    // An alias, a key identifier and other things follow, which have no bearing on trust.
    while (!r.empty) r.skip();
    return { trust, reject };
  });
}

/** The purpose that trust is asked for: what X509_VERIFY_PARAM_set_trust says, or what goes with the purpose of the verification. */
export function trustPurpose(trust: number, purpose: PurposeName): string | undefined {
  if (trust === X509_TRUST.COMPAT) return undefined;
  return BY_TRUST.get(trust) ?? BY_PURPOSE[purpose] ?? PURPOSE_OIDS.anyExtendedKeyUsage;
}

const BY_TRUST: ReadonlyMap<number, string> = new Map([
  [X509_TRUST.SSL_CLIENT, PURPOSE_OIDS.clientAuth],
  [X509_TRUST.SSL_SERVER, PURPOSE_OIDS.serverAuth],
  [X509_TRUST.EMAIL, PURPOSE_OIDS.emailProtection],
  [X509_TRUST.OBJECT_SIGN, PURPOSE_OIDS.codeSigning],
  [X509_TRUST.OCSP_SIGN, PURPOSE_OIDS.ocspSigning],
  [X509_TRUST.TSA, PURPOSE_OIDS.timeStamping],
]);

const BY_PURPOSE: Readonly<Partial<Record<PurposeName, string>>> = {
  sslclient: PURPOSE_OIDS.clientAuth,
  sslserver: PURPOSE_OIDS.serverAuth,
  nssslserver: PURPOSE_OIDS.serverAuth,
  smimesign: PURPOSE_OIDS.emailProtection,
  smimeencrypt: PURPOSE_OIDS.emailProtection,
  timestampsign: PURPOSE_OIDS.timeStamping,
};

/** Whether settings make an anchor of a certificate, forbid it, or leave it to what certificates without settings are (X509_check_trust(3)). */
export function judgeTrust({ trust, reject }: TrustSettings, purpose: string | undefined): 'trusted' | 'rejected' | undefined {
  if (purpose === undefined) return undefined;
  const names = (oids: readonly string[]): boolean => oids.some((oid) => oid === purpose || oid === PURPOSE_OIDS.anyExtendedKeyUsage);
  if (names(reject)) return 'rejected';
  if (trust === undefined) return undefined;
  // Who names the purposes it is trusted for is trusted for no other.
  return names(trust) ? 'trusted' : 'rejected';
}
