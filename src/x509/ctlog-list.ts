import { base64Bytes } from '../asn1/base64.ts';
import { utf8 } from '../bytes/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { parsePublicKey } from './algorithms.ts';
import type { CtLog } from './sct.ts';

/**
 * Reads a list of transparency logs as OpenSSL's ct_log_list.cnf has it: `enabled_logs` names sections, each with a `description` and a
 * `key` (a SubjectPublicKeyInfo in Base64). Undefined where the list is malformed; a log of an unknown kind of key is malformed, too.
 */
export function parseCtLogList(text: string, provider: CryptoProvider): readonly CtLog[] | undefined {
  const sections = readSections(text);
  const enabled = sections?.get('')?.get('enabled_logs');
  if (sections === undefined || enabled === undefined) return undefined;
  const names = enabled
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const logs = names.map((name) => logOf(sections.get(name), provider));
  return logs.every((log) => log !== undefined) ? logs : undefined;
}

type Section = ReadonlyMap<string, string>;

function logOf(section: Section | undefined, provider: CryptoProvider): CtLog | undefined {
  const name = section?.get('description');
  const key = section?.get('key');
  const spki = key === undefined ? undefined : base64Bytes(utf8(key));
  const publicKey = spki && parsePublicKey(spki);
  return name !== undefined && spki !== undefined && publicKey !== undefined
    ? { name, publicKey, logId: provider.digest('sha256', spki) }
    : undefined;
}

/** `[section]`, `name = value`, `# comment`; a backslash at its end continues a line. What stands before any section is in that of no name. */
function readSections(text: string): ReadonlyMap<string, Section> | undefined {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  sections.set('', current);
  for (const raw of text.replaceAll('\\\r\n', '').replaceAll('\\\n', '').split('\n')) {
    const line = (raw.split('#')[0] ?? '').trim();
    const section = line.startsWith('[') && line.endsWith(']') ? line.slice(1, -1).trim() : undefined;
    const equals = line.indexOf('=');
    if (section !== undefined) {
      current = sections.get(section) ?? new Map();
      sections.set(section, current);
    } else if (equals > 0) current.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
    else if (line !== '') return undefined;
  }
  return sections;
}
