import { base64Bytes } from '../asn1/base64.ts';
import { utf8 } from '../bytes/bytes.ts';
import { ConfFile, DEFAULT_SECTION } from '../bytes/conf-file.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { parsePublicKey } from './algorithms.ts';
import type { CtLog } from './sct.ts';

/**
 * Reads a list of transparency logs as OpenSSL's ct_log_list.cnf has it: `enabled_logs` names sections, each with a `description` and a
 * `key` (a SubjectPublicKeyInfo in Base64). Undefined where the list is malformed; a log of an unknown kind of key is malformed, too.
 */
export function parseCtLogList(text: string, provider: CryptoProvider): readonly CtLog[] | undefined {
  const file = new ConfFile();
  if (file.read(text) !== undefined) return undefined;
  const enabled = file.find(DEFAULT_SECTION, 'enabled_logs');
  const names = enabled?.split(',').flatMap((name) => name.trim() || []);
  const logs = names?.map((name) => logOf(file, name, provider));
  return logs?.every((log) => log !== undefined) === true ? logs : undefined;
}

function logOf(file: ConfFile, section: string, provider: CryptoProvider): CtLog | undefined {
  const name = file.find(section, 'description');
  const key = file.find(section, 'key');
  const spki = key === undefined ? undefined : base64Bytes(utf8(key));
  const publicKey = spki && parsePublicKey(spki);
  return name !== undefined && spki !== undefined && publicKey !== undefined
    ? { name, publicKey, logId: provider.digest('sha256', spki) }
    : undefined;
}
