export interface LimboCase {
  readonly id: string;
  readonly features: readonly string[];
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  /** PEM, as are the next two. */
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
}

export interface LimboVerdict {
  readonly verdict: 'SUCCESS' | 'FAILURE' | 'skip';
  readonly detail: string;
}

export declare const UNCLAIMED: Readonly<Record<string, string>>;
export declare function readLimbo(path: string | URL): LimboCase[];
export declare function runCase(testcase: LimboCase): LimboVerdict;
