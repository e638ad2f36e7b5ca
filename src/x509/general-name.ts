import { malformed } from '../asn1/asn1-error.ts';
import { context, contextConstructed, type DerReader, TAG } from '../asn1/der-reader.ts';
import { asciiText } from '../asn1/strings.ts';
import { LIMITS } from '../registry/limits.ts';
import { type Name, readName } from './name.ts';

/** GeneralName (RFC 5280, 4.2.1.6). */
export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly value: string }
  /** 4 or 16 bytes; in name constraints 8 or 32, address and mask. */
  | { readonly kind: 'ip'; readonly value: Uint8Array }
  | { readonly kind: 'directory'; readonly value: Name }
  | { readonly kind: 'registeredId'; readonly value: string }
  | { readonly kind: 'other'; readonly type: string; readonly value: Uint8Array }
  | { readonly kind: 'x400' | 'ediParty'; readonly value: Uint8Array };

export type GeneralNameKind = GeneralName['kind'];

/** Most names that one extension may hold. */
export const MAX_NAMES: number = LIMITS.generalNames.value;

export function readGeneralName(r: DerReader): GeneralName {
  switch (r.tag) {
    case contextConstructed(0):
      return readOtherName(r);
    case context(1):
      return { kind: 'email', value: asciiText(r.contents(context(1))) };
    case context(2):
      return { kind: 'dns', value: asciiText(r.contents(context(2))) };
    case contextConstructed(3):
      return { kind: 'x400', value: r.contents(contextConstructed(3)) };
    case contextConstructed(4):
      return { kind: 'directory', value: r.inside(contextConstructed(4), readName) };
    case contextConstructed(5):
      return { kind: 'ediParty', value: r.contents(contextConstructed(5)) };
    case context(6):
      return { kind: 'uri', value: asciiText(r.contents(context(6))) };
    case context(7):
      return { kind: 'ip', value: r.contents(context(7)) };
    case context(8):
      return { kind: 'registeredId', value: r.oid(context(8)) };
    default:
      return malformed('not a GeneralName');
  }
}

/** GeneralNames under a SEQUENCE or the tag of the field they are in; at least one. */
export function readGeneralNames(r: DerReader, tag: number = TAG.sequence): GeneralName[] {
  const inner = r.enter(tag);
  const names: GeneralName[] = [];
  while (!inner.empty) {
    if (names.length >= MAX_NAMES) malformed('too many names');
    names.push(readGeneralName(inner));
  }
  if (names.length === 0) malformed('no names');
  return names;
}

function readOtherName(r: DerReader): GeneralName {
  return r.inside(contextConstructed(0), (inner) => {
    const type = inner.oid();
    const value = inner.inside(contextConstructed(0), (x) => x.element());
    return { kind: 'other', type, value };
  });
}
