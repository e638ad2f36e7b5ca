import { latin1, toHex, utf8 } from '../bytes/bytes.ts';
import { ATTRIBUTE_OIDS, namesByOid } from '../registry/oids.ts';
import { attributeText, type Name, type NameAttribute, type RelativeName } from './name.ts';

/**
 * `oneline`: `C = CH, O = "Example, Inc."`, as `openssl x509` prints names. `rfc2253`: last part first, as RFC 4514 has
 * it. `slash`: `/C=CH/O=Example`, the old form of X509_NAME_oneline.
 */
export type NameStyle = 'oneline' | 'rfc2253' | 'slash';

/** Text of a name. Characters beyond ASCII are escaped byte by byte, so that nothing in a name can disguise itself. */
export function nameText(name: Name, style: NameStyle = 'oneline'): string {
  if (style === 'slash')
    return name.rdns.flatMap((rdn) => rdn.map((attribute) => `/${typeName(attribute)}=${slashValue(attribute)}`)).join('');
  if (style === 'oneline') return name.rdns.map((rdn) => relativeText(rdn, ' = ', ' + ', quoted)).join(', ');
  return [...name.rdns]
    .reverse()
    .map((rdn) => relativeText(rdn, '=', '+', escaped))
    .join(',');
}

/** One part of a name, as `oneline` has it. */
export const relativeNameText = (rdn: RelativeName): string => relativeText(rdn, ' = ', ' + ', quoted);

const SHORT_NAMES = namesByOid(ATTRIBUTE_OIDS);

const typeName = ({ type }: NameAttribute): string => SHORT_NAMES.get(type) ?? type;

const relativeText = (rdn: RelativeName, equals: string, plus: string, show: (text: string) => string): string =>
  rdn.map((attribute) => `${typeName(attribute)}${equals}${valueText(attribute, show)}`).join(plus);

function valueText(attribute: NameAttribute, show: (text: string) => string): string {
  const text = attributeText(attribute);
  return text === undefined
    ? `#${toHex(Uint8Array.of(attribute.tag, attribute.value.length)).toUpperCase()}${toHex(attribute.value).toUpperCase()}`
    : show(text);
}

const SPECIAL = ',+"\\<>;';

const needsCare = (text: string): boolean =>
  text.startsWith(' ') || text.startsWith('#') || text.endsWith(' ') || [...text].some((character) => SPECIAL.includes(character));

/** Quotes where something needs it; inside quotes only quotes and backslashes are escaped. */
function quoted(text: string): string {
  if (!needsCare(text)) return visible(text, '\\');
  return `"${visible(text, '\\"')}"`;
}

function escaped(text: string): string {
  const out = visible(text, SPECIAL);
  const head = text.startsWith(' ') || text.startsWith('#') ? `\\${out}` : out;
  return text.length > 1 && text.endsWith(' ') ? `${head.slice(0, -1)}\\ ` : head;
}

/** Control characters and bytes beyond ASCII as `\XX`, the given characters behind a backslash. */
function visible(text: string, special: string): string {
  let out = '';
  for (const byte of utf8(text)) {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) out += `\\${byte.toString(16).padStart(2, '0').toUpperCase()}`;
    else out += special.includes(character) ? `\\${character}` : character;
  }
  return out;
}

function slashValue({ value }: NameAttribute): string {
  let out = '';
  for (const character of latin1(value)) {
    const code = character.charCodeAt(0);
    out += code < 0x20 || code > 0x7e ? `\\x${code.toString(16).padStart(2, '0').toUpperCase()}` : character;
  }
  return out;
}
