/** The command line of the runner: every flag that this shim knows, and nothing of what it means. */

/** `flag`: alone; the others take the next argument, and those in the plural add it to those before. */
const FLAGS = {
  // Running the test
  port: 'integer',
  ipv6: 'flag',
  'shim-id': 'text',
  server: 'flag',
  'is-handshaker-supported': 'flag',
  'allow-hint-mismatch': 'flag',
  'resume-count': 'integer',
  'resumption-delay': 'integer',
  async: 'flag',
  'implicit-handshake': 'flag',
  'handshake-twice': 'flag',
  'no-op-extra-handshake': 'flag',
  'handshake-never-done': 'flag',
  'read-size': 'integer',
  'peek-then-read': 'flag',
  'read-with-unfinished-write': 'flag',
  'partial-write': 'flag',
  'shim-writes-first': 'flag',
  'shim-initial-write': 'text',
  'repeat-shim-initial-write': 'integer',
  'shim-shuts-down': 'flag',
  'check-close-notify': 'flag',
  'send-alert': 'flag',
  'write-different-record-sizes': 'flag',
  'key-update': 'flag',
  'key-update-before-read': 'flag',
  'private-key-delay-ms': 'integer',
  // Versions, suites, groups, signature algorithms
  'min-version': 'integer',
  'max-version': 'integer',
  'no-tls1': 'flag',
  'no-tls11': 'flag',
  'no-tls12': 'flag',
  'no-tls13': 'flag',
  'fallback-scsv': 'flag',
  cipher: 'text',
  'server-preference': 'flag',
  curves: 'integers',
  'key-shares': 'integers',
  'no-key-shares': 'flag',
  'server-supported-groups-hint': 'integers',
  'verify-prefs': 'integers',
  'expect-peer-verify-pref': 'integers',
  'fips-202205': 'flag',
  'wpa-202304': 'flag',
  'cnsa1-202603': 'flag',
  'cnsa2-202603': 'flag',
  'cbc-record-splitting': 'flag',
  'max-send-fragment': 'integer',
  'enable-grease': 'flag',
  'permute-extensions': 'flag',
  'no-legacy-server-connect': 'flag',
  // Certificates and keys
  'accepted-peer-cert-types': 'integers',
  'available-client-cert-types': 'integers',
  'expect-peer-certificate-type': 'integer',
  'expect-peer-rpk-sha256': 'base64',
  'trust-cert': 'text',
  'expect-selected-credential': 'integer',
  'fail-cert-callback': 'flag',
  'use-early-callback': 'flag',
  'fail-early-callback': 'flag',
  'use-old-client-cert-callback': 'flag',
  'install-ddos-callback': 'flag',
  'fail-ddos-callback': 'flag',
  'require-any-client-certificate': 'flag',
  'verify-peer': 'flag',
  'verify-fail': 'flag',
  'expect-verify-result': 'flag',
  'use-custom-verify-callback': 'flag',
  'reverify-on-resume': 'flag',
  'use-client-ca-list': 'text',
  'expect-client-ca-list': 'text',
  'expect-certificate-types': 'base64',
  'expect-peer-cert-file': 'text',
  'expect-no-peer-cert': 'flag',
  'expect-peer-signature-algorithm': 'integer',
  'max-cert-list': 'integer',
  'install-cert-compression-algs': 'flag',
  'install-one-cert-compression-alg': 'integer',
  'enable-ocsp-stapling': 'flag',
  'expect-ocsp-response': 'base64',
  'use-ocsp-callback': 'flag',
  'set-ocsp-in-callback': 'flag',
  'decline-ocsp-callback': 'flag',
  'fail-ocsp-callback': 'flag',
  'enable-signed-cert-timestamps': 'flag',
  'expect-signed-cert-timestamps': 'base64',
  // Extensions and what was negotiated
  'host-name': 'text',
  'expect-server-name': 'text',
  'expect-no-server-name': 'flag',
  'no-server-name-ack': 'flag',
  'expect-version': 'integer',
  'expect-cipher': 'integer',
  'expect-cipher-aes': 'integer',
  'expect-cipher-no-aes': 'integer',
  'expect-curve-id': 'integer',
  'expect-hrr': 'flag',
  'expect-no-hrr': 'flag',
  'expect-extended-master-secret': 'flag',
  'expect-secure-renegotiation': 'flag',
  'expect-no-secure-renegotiation': 'flag',
  'expect-msg-callback': 'text',
  'advertise-alpn': 'text',
  'expect-alpn': 'text',
  'expect-advertised-alpn': 'text',
  'select-alpn': 'text',
  'decline-alpn': 'flag',
  'reject-alpn': 'flag',
  'select-empty-alpn': 'flag',
  // QUIC
  quic: 'flag',
  'quic-transport-params': 'base64',
  'expect-quic-transport-params': 'base64',
  'quic-use-legacy-codepoint': 'integer',
  'quic-early-data-context': 'text',
  // Encrypted ClientHello
  'ech-config-list': 'base64',
  'enable-ech-grease': 'flag',
  'reject-unusable-ech-config': 'flag',
  'ech-server-config': 'base64s',
  'ech-server-key': 'base64s',
  'ech-is-retry-config': 'integers',
  'expect-ech-accept': 'flag',
  'expect-ech-name-override': 'text',
  'expect-no-ech-name-override': 'flag',
  'expect-ech-retry-configs': 'base64',
  'expect-no-ech-retry-configs': 'flag',
  'fail-early-callback-ech-rewind': 'flag',
  // Sessions, tickets, early data
  'no-ticket': 'flag',
  'use-ticket-callback': 'flag',
  'use-ticket-aead-callback': 'flag',
  'renew-ticket': 'flag',
  'skip-ticket': 'flag',
  'expect-session-miss': 'flag',
  'expect-ticket-renewal': 'flag',
  'expect-no-session': 'flag',
  'expect-session-id': 'flag',
  'expect-no-session-id': 'flag',
  'enable-early-data': 'flag',
  'expect-ticket-supports-early-data': 'flag',
  'expect-accept-early-data': 'flag',
  'expect-reject-early-data': 'flag',
  'expect-no-offer-early-data': 'flag',
  psk: 'text',
  'psk-identity': 'text',
  // Renegotiation, exporters
  'renegotiate-once': 'flag',
  'renegotiate-freely': 'flag',
  'forbid-renegotiation-after-handshake': 'flag',
  'expect-total-renegotiations': 'integer',
  'export-keying-material': 'integer',
  'export-label': 'text',
  'export-context': 'text',
  'use-export-context': 'flag',
  'use-exporter-between-reads': 'flag',
  'export-traffic-secrets': 'flag',
  'tls-unique': 'flag',
} as const;

/** Flags that describe the credential begun last, or the default one where none was. */
const CREDENTIAL_FLAGS = {
  'cert-file': 'text',
  'key-file': 'text',
  'ocsp-response': 'base64',
  'signed-cert-timestamps': 'base64',
  'signing-prefs': 'integers',
  'must-match-issuer': 'flag',
  'delegated-credential': 'base64',
  'psk-importer-key': 'base64',
  'psk-importer-identity': 'base64',
  'psk-importer-context': 'base64',
  'psk-importer-sha256': 'flag',
  'psk-importer-sha384': 'flag',
} as const;

/** Flags that begin a credential, and what it is. */
const NEW_CREDENTIAL = {
  'new-x509-credential': 'x509',
  'new-rpk-credential': 'rpk',
  'new-psk-credential': 'psk',
  'new-delegated-credential': 'x509',
} as const;

interface Values {
  readonly flag: boolean;
  readonly integer: number | undefined;
  readonly integers: readonly number[];
  readonly text: string | undefined;
  readonly base64: Uint8Array | undefined;
  readonly base64s: readonly Uint8Array[];
}

type Parsed<Table extends { readonly [name: string]: keyof Values }> = { readonly [Name in keyof Table]: Values[Table[Name]] };

export type CredentialFlags = Parsed<typeof CREDENTIAL_FLAGS>;

/** What the flags say of one connection: itself, the default credential, and the list of others. */
export type Flags = Parsed<typeof FLAGS> & {
  readonly credential: CredentialFlags;
  readonly credentials: readonly (CredentialFlags & { readonly kind: 'x509' | 'rpk' | 'psk' })[];
};

/** The first connection, the later ones, and the state after a client's early data was refused. */
export interface FlagSets {
  readonly initial: Flags;
  readonly resume: Flags;
  readonly retry: Flags;
}

/** A flag, or a value of one, that this shim does nothing with: the test does not apply. */
export class Unimplemented extends Error {}

const SCOPES = ['initial', 'resume', 'retry'] as const;

export function parseFlags(args: readonly string[]): FlagSets {
  const sets = { initial: blankSet(), resume: blankSet(), retry: blankSet() };
  for (let i = 0; i < args.length; i++) {
    const { name, scope, dropped } = nameOf(args[i] as string);
    const targets = dropped ? [] : scope === undefined ? SCOPES : [scope];
    if (Object.hasOwn(NEW_CREDENTIAL, name)) {
      const begun = NEW_CREDENTIAL[name as keyof typeof NEW_CREDENTIAL];
      for (const target of targets) sets[target].credentials.push({ ...blank(CREDENTIAL_FLAGS), kind: begun });
      continue;
    }
    const [table, of] = Object.hasOwn(CREDENTIAL_FLAGS, name) ? [CREDENTIAL_FLAGS, 'credential'] : [FLAGS, 'connection'];
    const kind = (table as { readonly [name: string]: keyof Values })[name];
    if (kind === undefined) throw new Unimplemented(args[i]);
    const text = kind === 'flag' ? '' : (args[++i] ?? '');
    for (const target of targets) {
      const values = of === 'credential' ? (sets[target].credentials.at(-1) ?? sets[target].credential) : sets[target].connection;
      values[name] = read(kind, text, values[name]);
    }
  }
  return { initial: flagsOf(sets.initial), resume: flagsOf(sets.resume), retry: flagsOf(sets.retry) };
}

interface RawSet {
  readonly connection: Record<string, unknown>;
  readonly credential: Record<string, unknown>;
  readonly credentials: Record<string, unknown>[];
}

const blankSet = (): RawSet => ({ connection: blank(FLAGS), credential: blank(CREDENTIAL_FLAGS), credentials: [] });

/** The tables say what `read` put under each name. */
const flagsOf = ({ connection, credential, credentials }: RawSet): Flags =>
  ({ ...connection, credential, credentials }) as unknown as Flags;

function blank(table: { readonly [name: string]: keyof Values }): Record<string, unknown> {
  const initial: Values = { flag: false, integer: undefined, integers: [], text: undefined, base64: undefined, base64s: [] };
  return Object.fromEntries(Object.entries(table).map(([name, kind]) => [name, initial[kind]]));
}

function read(kind: keyof Values, text: string, before: unknown): Values[keyof Values] {
  switch (kind) {
    case 'flag':
      return true;
    case 'integer':
      return Number(text);
    case 'integers':
      return [...(before as readonly number[]), Number(text)];
    case 'text':
      return text;
    case 'base64':
      return new Uint8Array(Buffer.from(text, 'base64'));
    case 'base64s':
      return [...(before as readonly Uint8Array[]), new Uint8Array(Buffer.from(text, 'base64'))];
  }
}

/** `-on-shim-X` is X, `-on-handshaker-X` is for a program we do not have; the others say which connection X is for. */
function nameOf(argument: string): { readonly name: string; readonly scope?: (typeof SCOPES)[number]; readonly dropped: boolean } {
  let name = argument.slice(1);
  let scope: (typeof SCOPES)[number] | undefined;
  let dropped = false;
  for (;;) {
    const found = [...SCOPES, 'shim', 'handshaker'].find((word) => name.startsWith(`on-${word}-`));
    if (found === undefined) return { name, dropped, ...(scope && { scope }) };
    name = name.slice(`on-${found}-`.length);
    if (found === 'handshaker') dropped = true;
    scope = SCOPES.find((word) => word === found) ?? scope;
  }
}
