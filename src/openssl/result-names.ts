import { X509_VERIFY_RESULTS, type X509VerifyResult } from '../registry/verify-results.ts';

/** The name of a result; numbers nobody knows are "unspecified". */
export const resultName = (error: number): X509VerifyResult => RESULT_NAMES.get(error) ?? 'UNSPECIFIED';

const RESULT_NAMES: ReadonlyMap<number, X509VerifyResult> = new Map(
  (Object.keys(X509_VERIFY_RESULTS) as X509VerifyResult[]).map((name) => [X509_VERIFY_RESULTS[name], name]),
);
