import { ANY_POLICY } from '../registry/oids.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import type { Budget } from './budget.ts';
import type { Certificate } from './certificate.ts';

/** Where policy processing starts from (RFC 5280, 6.1.1). */
export interface PolicyInputs {
  /** Policies the caller accepts; undefined for any. */
  readonly acceptable: readonly string[] | undefined;
  readonly explicit: boolean;
  readonly inhibitMapping: boolean;
  readonly inhibitAny: boolean;
}

/** A failure of policy processing and the certificate it was found in, by its place counted from the leaf. */
export interface PolicyProblem {
  readonly result: X509VerifyResult;
  readonly depth: number;
}

/**
 * Policy processing of RFC 5280, 6.1, over the graph of RFC 9618 in place of the tree: its size is bounded by the number
 * of policies and mappings, not by their product. `certificates` is the path, leaf first, without the trust anchor.
 */
export function policyProblem(certificates: readonly Certificate[], inputs: PolicyInputs, budget: Budget): PolicyProblem | undefined {
  const n = certificates.length;
  let explicitPolicy = inputs.explicit ? 0 : n + 1;
  let inhibitAny = inputs.inhibitAny ? 0 : n + 1;
  let policyMapping = inputs.inhibitMapping ? 0 : n + 1;
  let level: Level | undefined = new Map([[ANY_POLICY, node(ANY_POLICY, [])]]);
  for (let i = 1; i <= n; i++) {
    const depth = n - i;
    const certificate = certificates[depth] as Certificate;
    const { policyConstraints } = certificate.extensions;
    if (hasBrokenPolicies(certificate)) return { result: 'INVALID_POLICY_EXTENSION', depth };
    const mayUseAny = inhibitAny > 0 || (i < n && certificate.selfIssued);
    level = level && nextLevel(level, certificate, mayUseAny, budget);
    // 6.1.3 (f)
    if (explicitPolicy === 0 && level === undefined) return { result: 'NO_EXPLICIT_POLICY', depth };
    if (i === n) {
      // 6.1.5 (a), (b)
      if (explicitPolicy > 0) explicitPolicy--;
      if (policyConstraints?.requireExplicitPolicy === 0) explicitPolicy = 0;
      break;
    }
    // 6.1.4 (b), (h), (i), (j)
    level = level && applyMappings(level, certificate, policyMapping > 0, budget);
    if (!certificate.selfIssued) {
      explicitPolicy = Math.max(0, explicitPolicy - 1);
      policyMapping = Math.max(0, policyMapping - 1);
      inhibitAny = Math.max(0, inhibitAny - 1);
    }
    explicitPolicy = Math.min(explicitPolicy, policyConstraints?.requireExplicitPolicy ?? explicitPolicy);
    policyMapping = Math.min(policyMapping, policyConstraints?.inhibitPolicyMapping ?? policyMapping);
    inhibitAny = Math.min(inhibitAny, certificate.extensions.inhibitAnyPolicy ?? inhibitAny);
  }
  // 6.1.5 (g) and RFC 9618, 5.5
  if (explicitPolicy > 0 || (level !== undefined && isAcceptable(level, inputs.acceptable))) return undefined;
  return { result: 'NO_EXPLICIT_POLICY', depth: 0 };
}

/** A policy valid at one depth. Nodes with the same policy are one node, with all its parents (RFC 9618, 5.2). */
interface PolicyNode {
  readonly policy: string;
  readonly parents: readonly PolicyNode[];
  expected: readonly string[];
}

type Level = Map<string, PolicyNode>;

const node = (policy: string, parents: readonly PolicyNode[], expected: readonly string[] = [policy]): PolicyNode => ({
  policy,
  parents,
  expected,
});

/** 4.2.1.4: a policy MUST NOT appear twice; 4.2.1.5: anyPolicy is not mapped. */
function hasBrokenPolicies(certificate: Certificate): boolean {
  const { certificatePolicies = [], policyMappings = [] } = certificate.extensions;
  const twice = new Set(certificatePolicies.map(({ policy }) => policy)).size !== certificatePolicies.length;
  return twice || policyMappings.some(({ issuerDomain, subjectDomain }) => issuerDomain === ANY_POLICY || subjectDomain === ANY_POLICY);
}

/** 6.1.3 (d), (e): undefined where no policy is left. */
function nextLevel(above: Level, certificate: Certificate, mayUseAny: boolean, budget: Budget): Level | undefined {
  const policies = certificate.extensions.certificatePolicies;
  if (policies === undefined) return undefined;
  const expecting = parentsByExpected(above);
  const any = above.get(ANY_POLICY);
  const level: Level = new Map();
  const add = (policy: string, parents: readonly PolicyNode[]): void => {
    budget.spend('policyNodes');
    level.set(policy, node(policy, parents));
  };
  for (const { policy } of policies) {
    if (policy === ANY_POLICY) continue;
    const parents = expecting.get(policy) ?? (any && [any]);
    if (parents !== undefined) add(policy, parents);
  }
  if (mayUseAny && policies.some(({ policy }) => policy === ANY_POLICY)) {
    for (const [policy, parents] of expecting) if (!level.has(policy)) add(policy, parents);
  }
  return level.size > 0 ? level : undefined;
}

function parentsByExpected(level: Level): Map<string, PolicyNode[]> {
  const map = new Map<string, PolicyNode[]>();
  for (const parent of level.values()) {
    for (const policy of parent.expected) {
      const parents = map.get(policy);
      if (parents === undefined) map.set(policy, [parent]);
      else parents.push(parent);
    }
  }
  return map;
}

/** 6.1.4 (b): what the next certificate may call these policies; undefined where none is left. */
function applyMappings(level: Level, certificate: Certificate, allowed: boolean, budget: Budget): Level | undefined {
  const domains = new Map<string, string[]>();
  for (const { issuerDomain, subjectDomain } of certificate.extensions.policyMappings ?? []) {
    domains.set(issuerDomain, [...(domains.get(issuerDomain) ?? []), subjectDomain]);
  }
  for (const [policy, subjects] of domains) {
    budget.spend('policyNodes', subjects.length);
    const mapped = level.get(policy);
    const any = level.get(ANY_POLICY);
    if (!allowed) level.delete(policy);
    else if (mapped !== undefined) mapped.expected = subjects;
    else if (any !== undefined) level.set(policy, node(policy, any.parents, subjects));
  }
  return level.size > 0 ? level : undefined;
}

/** Whether one of the policies the leaf ended up with goes back to an acceptable one of the first authority's domain. */
function isAcceptable(leafLevel: Level, acceptable: readonly string[] | undefined): boolean {
  if (acceptable === undefined || acceptable.includes(ANY_POLICY) || leafLevel.has(ANY_POLICY)) return true;
  const wanted = new Set(acceptable);
  const seen = new Set<PolicyNode>(leafLevel.values());
  for (const current of seen) {
    // A node under anyPolicy is one the user would recognise: everything below it was mapped from it.
    if (current.parents.some((parent) => parent.policy === ANY_POLICY) && wanted.has(current.policy)) return true;
    for (const parent of current.parents) seen.add(parent);
  }
  return false;
}
