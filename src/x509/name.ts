import { malformed, unlessMalformed } from '../asn1/asn1-error.ts';
import { type DerReader, type Place, readDer, TAG } from '../asn1/der-reader.ts';
import { Recent } from '../asn1/recent.ts';
import { isString, stringText } from '../asn1/strings.ts';
import { sameBytes, toHex } from '../bytes/bytes.ts';

/** AttributeTypeAndValue (RFC 5280, 4.1.2.4). */
export class NameAttribute {
  /** The attribute type as a dotted OID. */
  readonly type: string;
  /** DER tag of the value, which tells the string type. */
  readonly tag: number;
  private readonly contents: Place;

  constructor(type: string, tag: number, contents: Place) {
    this.type = type;
    this.tag = tag;
    this.contents = contents;
  }

  /** Contents of the value. */
  get value(): Uint8Array {
    return this.contents.bytes;
  }
}

export type RelativeName = readonly NameAttribute[];

/** A distinguished name: the bytes as they came, and their parts. */
export class Name {
  readonly raw: Uint8Array;
  readonly rdns: readonly RelativeName[];
  private canonical: string | undefined;

  constructor(raw: Uint8Array, rdns: readonly RelativeName[]) {
    this.raw = raw;
    this.rdns = rdns;
  }

  get empty(): boolean {
    return this.rdns.length === 0;
  }

  /** Equal for names that match in the sense of RFC 5280, 7.1, as OpenSSL reads it; for `Map` keys. */
  get key(): string {
    this.canonical ??= this.rdns.map(rdnKey).join('\n');
    return this.canonical;
  }

  /** Whether two names match: string types and case do not count, nor does repeated white space (RFC 5280, 7.1). */
  matches(other: Name): boolean {
    return this === other || sameBytes(this.raw, other.raw) || (this.rdns.length === other.rdns.length && this.key === other.key);
  }

  /** Whether this name is `other` or lies below it in the directory (RFC 5280, 4.2.1.10). */
  isWithin(other: Name): boolean {
    return other.rdns.length <= this.rdns.length && other.rdns.every((rdn, i) => rdnKey(rdn) === rdnKey(this.rdns[i] ?? []));
  }

  /** Text of all attributes of a type, first to last; values that cannot be read are left out. */
  values(type: string): string[] {
    return this.rdns
      .flatMap((rdn) => rdn.filter((attribute) => attribute.type === type))
      .flatMap((attribute) => attributeText(attribute) ?? []);
  }
}

/** An authority's name stands in its own certificate and in all that it issued. Longer names than this are rare. */
const recent: Recent<Name> = new Recent(128, 200);

/** Reads a Name. */
export function readName(r: DerReader): Name {
  const start = r.offset;
  r.skip(TAG.sequence);
  const known = recent.find(r.buffer, start, r.offset);
  if (known !== undefined) return known;
  // A copy, since it may outlive what it stood in.
  const raw = r.buffer.slice(start, r.offset);
  const name = new Name(
    raw,
    readDer(raw, (inner) => inner.list(TAG.sequence, readRdn)),
  );
  recent.keep(raw, name);
  return name;
}

export const parseName = (der: Uint8Array): Name => readDer(der, readName);

/** The attributes of one RelativeDistinguishedName, under the given tag (a CRL names its issuer's last one with `[1]`). */
export const readRdn = (r: DerReader, tag: number = TAG.set): RelativeName => r.list(tag, readAttribute, 1);

/** Text of an attribute's value; undefined where it is no string or not a valid one. */
export const attributeText = ({ tag, value }: NameAttribute): string | undefined =>
  isString(tag) ? unlessMalformed(() => stringText(tag, value)) : undefined;

function readAttribute(r: DerReader): NameAttribute {
  const inner = r.enter(TAG.sequence);
  const type = inner.oid();
  const { tag } = inner;
  if (tag < 0) malformed('an attribute without a value');
  const contents = inner.place(tag);
  inner.finish();
  return new NameAttribute(type, tag, contents);
}

function rdnKey(rdn: RelativeName): string {
  const parts = rdn.map(attributeKey);
  return parts.length === 1 ? (parts[0] ?? '') : parts.sort().join('+');
}

/** Lengths stand before the values, so that no value can be mistaken for two. */
function attributeKey(attribute: NameAttribute): string {
  const text = attributeText(attribute);
  if (text === undefined) return `${attribute.type}#${attribute.tag}:${toHex(attribute.value)}`;
  const folded = foldCaseAndSpace(text);
  return `${attribute.type}=${folded.length}:${folded}`;
}

/** ASCII letters in lower case, white space at both ends removed and inside reduced to one blank. */
export function foldCaseAndSpace(text: string): string {
  if (isFolded(text)) return text;
  let out = '';
  let gap = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) {
      gap = out !== '';
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += code >= 0x41 && code <= 0x5a ? String.fromCharCode(code + 32) : text.charAt(i);
  }
  return out;
}

function isFolded(text: string): boolean {
  let blank = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code >= 0x41 && code <= 0x5a) || (code >= 0x09 && code <= 0x0d) || (code === 0x20 && blank)) return false;
    blank = code === 0x20;
  }
  return !blank || text === '';
}
