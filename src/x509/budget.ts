import { LIMITS, type Limit } from '../registry/limits.ts';

export type BudgetName = 'signatures' | 'candidates' | 'nameComparisons' | 'policyNodes';

/** What one verification may cost, over all candidate paths together. Using one up is final: no other path is tried. */
export const VERIFY_LIMITS: Readonly<Record<BudgetName, Limit>> = {
  signatures: LIMITS.verifySignatures,
  candidates: LIMITS.verifyCandidates,
  nameComparisons: LIMITS.verifyNameComparisons,
  policyNodes: LIMITS.verifyPolicyNodes,
};

/** Ends a verification whose budget is used up; `verifyChain` turns it into a result. */
export class BudgetExceeded extends Error {
  constructor(name: BudgetName) {
    super(`more than ${VERIFY_LIMITS[name].value} ${VERIFY_LIMITS[name].unit}`);
    this.name = 'BudgetExceeded';
  }
}

export class Budget {
  private readonly left: Record<BudgetName, number> = {
    signatures: VERIFY_LIMITS.signatures.value,
    candidates: VERIFY_LIMITS.candidates.value,
    nameComparisons: VERIFY_LIMITS.nameComparisons.value,
    policyNodes: VERIFY_LIMITS.policyNodes.value,
  };

  /** Pays for work before it is done; throws `BudgetExceeded` where there is not enough left. */
  spend(name: BudgetName, amount = 1): void {
    this.left[name] -= amount;
    if (this.left[name] < 0) throw new BudgetExceeded(name);
  }

  /** How much has been spent. */
  spent(name: BudgetName): number {
    return VERIFY_LIMITS[name].value - this.left[name];
  }
}
