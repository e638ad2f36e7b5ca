import { copyOf } from '../bytes/bytes.ts';
import { X509_PURPOSE, X509_TRUST, X509_V_FLAG, X509_V_FLAG_POLICY_MASK, X509_VP_FLAG } from '../registry/x509-flags.ts';

/** All of a parameter set but what a verification leaves in it. */
export interface VerifyParamRecord {
  readonly name: string | undefined;
  /** Mask of `X509_V_FLAG`. */
  readonly flags: number;
  /** Most intermediates; -1 while unset. */
  readonly depth: number;
  /** One of `X509_PURPOSE`; 0 while unset. */
  readonly purpose: number;
  /** One of `X509_TRUST`; 0 while unset. */
  readonly trust: number;
  /** Security level of keys and digests, 0 to 5; -1 while unset. */
  readonly authLevel: number;
  /** Seconds since 1970, in force with USE_CHECK_TIME. */
  readonly checkTime: number;
  /** Mask of `X509_VP_FLAG`. */
  readonly inheritanceFlags: number;
  /** Names of which the certificate must have one; empty for no check. */
  readonly hosts: readonly string[];
  /** Mask of `X509_CHECK_FLAG`. */
  readonly hostFlags: number;
  readonly email: string | undefined;
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array | undefined;
  /** Acceptable policies as dotted OIDs; undefined for any. */
  readonly policies: readonly string[] | undefined;
}

const UNSET: VerifyParamRecord = {
  name: undefined,
  flags: 0,
  depth: -1,
  purpose: 0,
  trust: 0,
  authLevel: -1,
  checkTime: 0,
  inheritanceFlags: 0,
  hosts: [],
  hostFlags: 0,
  email: undefined,
  ip: undefined,
  policies: undefined,
};

/**
 * Parameters of certificate verification: X509_VERIFY_PARAM. A mutable face over an immutable record, so that a copy
 * is one assignment; setters that can refuse a value return whether they took it, as in C.
 */
export class X509VerifyParam {
  private record: VerifyParamRecord;
  /** The host name that the last verification matched (X509_VERIFY_PARAM_get0_peername). */
  peername: string | undefined;

  constructor(initial?: Partial<VerifyParamRecord>) {
    this.record = initial === undefined ? UNSET : { ...UNSET, ...initial };
  }

  /** The values as they are now; they do not change when the parameters do. */
  get values(): VerifyParamRecord {
    return this.record;
  }

  get flags(): number {
    return this.record.flags;
  }

  get depth(): number {
    return this.record.depth;
  }

  get purpose(): number {
    return this.record.purpose;
  }

  get trust(): number {
    return this.record.trust;
  }

  get authLevel(): number {
    return this.record.authLevel;
  }

  get time(): number {
    return this.record.checkTime;
  }

  get hosts(): readonly string[] {
    return this.record.hosts;
  }

  get hostFlags(): number {
    return this.record.hostFlags;
  }

  get email(): string | undefined {
    return this.record.email;
  }

  get ip(): Uint8Array | undefined {
    return this.record.ip;
  }

  get policies(): readonly string[] | undefined {
    return this.record.policies;
  }

  get inheritanceFlags(): number {
    return this.record.inheritanceFlags;
  }

  get name(): string | undefined {
    return this.record.name;
  }

  has(flag: number): boolean {
    return (this.record.flags & flag) !== 0;
  }

  /** Sets values directly, without the rules of the setters below. */
  assign(values: Partial<VerifyParamRecord>): this {
    this.record = { ...this.record, ...values };
    return this;
  }

  /** Adds flags; one of the policy flags turns policy checking on. */
  setFlags(flags: number): void {
    const policy = (flags & X509_V_FLAG_POLICY_MASK) === 0 ? 0 : X509_V_FLAG.POLICY_CHECK;
    this.assign({ flags: this.flags | flags | policy });
  }

  clearFlags(flags: number): void {
    this.assign({ flags: this.flags & ~flags });
  }

  /** Verifies as of a moment (seconds since 1970) instead of now. */
  setTime(seconds: number): void {
    this.assign({ checkTime: seconds, flags: this.flags | X509_V_FLAG.USE_CHECK_TIME });
  }

  /** Most intermediates between the peer's certificate and the trust anchor. */
  setDepth(depth: number): void {
    this.assign({ depth });
  }

  /** Security level 0 to 5, in place of the connection's. */
  setAuthLevel(authLevel: number): void {
    this.assign({ authLevel });
  }

  /** One of `X509_PURPOSE`; refuses other numbers. */
  setPurpose(purpose: number): boolean {
    if (!Object.values<number>(X509_PURPOSE).includes(purpose)) return false;
    this.assign({ purpose });
    return true;
  }

  /** One of `X509_TRUST`; refuses other numbers. */
  setTrust(trust: number): boolean {
    if (!Object.values<number>(X509_TRUST).includes(trust)) return false;
    this.assign({ trust });
    return true;
  }

  setHostFlags(hostFlags: number): void {
    this.assign({ hostFlags });
  }

  /** Replaces the expected host names by one; an empty or absent name removes them all. */
  setHost(name: string | undefined): boolean {
    if (name !== undefined && hasNul(name)) return false;
    this.assign({ hosts: name === undefined || name === '' ? [] : [name] });
    return true;
  }

  /** Adds a host name that would do as well. */
  addHost(name: string): boolean {
    if (hasNul(name)) return false;
    if (name !== '') this.assign({ hosts: [...this.hosts, name] });
    return true;
  }

  setEmail(address: string | undefined): boolean {
    if (address !== undefined && hasNul(address)) return false;
    this.assign({ email: address === '' ? undefined : address });
    return true;
  }

  /** The expected address as 4 or 16 bytes. */
  setIp(address: Uint8Array | undefined): boolean {
    if (address !== undefined && address.length !== 0 && address.length !== 4 && address.length !== 16) return false;
    this.assign({ ip: address === undefined || address.length === 0 ? undefined : copyOf(address) });
    return true;
  }

  /** Acceptable policies as dotted OIDs; turns policy checking on. */
  setPolicies(policies: readonly string[] | undefined): void {
    this.assign({
      policies: policies && [...policies],
      flags: policies === undefined ? this.flags : this.flags | X509_V_FLAG.POLICY_CHECK,
    });
  }

  clone(): X509VerifyParam {
    const copy = new X509VerifyParam();
    copy.record = this.record;
    return copy;
  }

  /** Takes from `from` what is unset here: X509_VERIFY_PARAM_inherit, by the rules of OpenSSL 1.1.1. */
  inherit(from: X509VerifyParam | undefined): this {
    if (from !== undefined) this.record = inherited(this.record, from.record);
    return this;
  }

  /** Takes from `from` what is set there: X509_VERIFY_PARAM_set1. */
  set1(from: X509VerifyParam): this {
    const { inheritanceFlags } = this.record;
    this.record = {
      ...inherited({ ...this.record, inheritanceFlags: inheritanceFlags | X509_VP_FLAG.DEFAULT }, from.record),
      inheritanceFlags,
    };
    return this;
  }
}

function inherited(to: VerifyParamRecord, from: VerifyParamRecord): VerifyParamRecord {
  // Most stores have no parameters, and nothing is inherited from them.
  if (from === UNSET && to.inheritanceFlags === 0) return to;
  const rules = to.inheritanceFlags | from.inheritanceFlags;
  const own = (rules & X509_VP_FLAG.ONCE) === 0 ? to : { ...to, inheritanceFlags: 0 };
  if ((rules & X509_VP_FLAG.LOCKED) !== 0) return own;
  const overwrite = (rules & X509_VP_FLAG.OVERWRITE) !== 0;
  const prefer = (rules & X509_VP_FLAG.DEFAULT) !== 0;
  const passes = (field: keyof VerifyParamRecord): boolean => overwrite || (!isUnset(from, field) && (prefer || isUnset(own, field)));
  const giver = (field: keyof VerifyParamRecord): VerifyParamRecord => (passes(field) ? from : own);
  const timePasses = overwrite || (own.flags & X509_V_FLAG.USE_CHECK_TIME) === 0;
  const kept = (rules & X509_VP_FLAG.RESET_FLAGS) === 0 ? own.flags & (timePasses ? ~X509_V_FLAG.USE_CHECK_TIME : ~0) : 0;
  return {
    ...own,
    purpose: giver('purpose').purpose,
    trust: giver('trust').trust,
    depth: giver('depth').depth,
    authLevel: giver('authLevel').authLevel,
    policies: giver('policies').policies,
    email: giver('email').email,
    ip: giver('ip').ip,
    // Host flags have no "unset": they travel with the list they belong to.
    hosts: giver('hosts').hosts,
    hostFlags: passes('hosts') && from.hosts.length > 0 ? from.hostFlags : own.hostFlags,
    checkTime: timePasses ? from.checkTime : own.checkTime,
    flags: kept | from.flags,
  };
}

const isUnset = (record: VerifyParamRecord, field: keyof VerifyParamRecord): boolean =>
  field === 'hosts' ? record.hosts.length === 0 : record[field] === UNSET[field];

/** A NUL inside a name would let C code on the other side see a shorter one. */
const hasNul = (name: string): boolean => name.includes('\0');
