/**
 * OpenSSL's language of cipher lists (openssl-ciphers(1), "CIPHER LIST FORMAT"): commands that add, move and remove suites of
 * TLS 1.2 and below. It is 1.1.1's. Of what 3.0 changed, only its word `CBC` shows here; that 3.2 reads IANA's names and counts
 * CCM8 as 64 bits in `@STRENGTH` does not. Words for what is not built here mean nothing or are unknown, as they are to an OpenSSL
 * that was built without them.
 */
import type { AeadName, CbcName, HashName } from '../crypto/provider.ts';
import {
  type AuthenticationName,
  type CipherSuite,
  cipherSuite,
  cipherSuiteByName,
  isTls13Suite,
  type KeyExchangeName,
  TLS12_SUITES,
} from '../registry/cipher-suites.ts';
import { refuse } from '../registry/fatal.ts';
import { CERT_FLAGS } from '../registry/options.ts';
import { TLS1_2_VERSION, TLS1_VERSION } from '../registry/versions.ts';

export interface CipherList {
  /** Suites of TLS 1.2 and below, best first. */
  readonly suites: readonly number[];
  /** What `@SECLEVEL` said. */
  readonly securityLevel: number | undefined;
  /** Bits of CERT_FLAGS that a word of Suite B at its start sets. */
  readonly suiteB: number | undefined;
}

/**
 * Reads a cipher string. Words nobody knows are passed over; INVALID_COMMAND is for what is no word at all, NO_CIPHER_MATCH for a
 * string that leaves nothing.
 */
export function parseCipherString(rules: string): CipherList {
  const list = new SuiteList();
  let securityLevel: number | undefined;
  for (const command of commandsOf(withoutPrefix(rules))) {
    if (command.kind === 'level') securityLevel = command.level;
    else list.apply(command);
  }
  const suites = list.chosen();
  return suites.length > 0 ? { suites, securityLevel, suiteB: suiteBOf(rules)?.flags } : refuse('NO_CIPHER_MATCH', rules);
}

/** What a setter takes: a cipher string, or suites by their code points or names. */
export function acceptCipherList(value: string | readonly (string | number)[]): readonly number[] {
  if (typeof value === 'string') return parseCipherString(value).suites;
  const ids = value.map((item) => {
    const suite = typeof item === 'number' ? cipherSuite(item) : cipherSuiteByName(item);
    return suite === undefined || isTls13Suite(suite) ? refuse('NO_CIPHER_MATCH', String(item)) : suite.id;
  });
  return ids.length > 0 ? [...new Set(ids)] : refuse('NO_CIPHER_MATCH', 'an empty list');
}

/** OpenSSL's DEFAULT. Ours, for when nobody chose, is DEFAULT_TLS12_SUITES. */
const DEFAULT_RULES = 'ALL:!COMPLEMENTOFDEFAULT:!eNULL';

/** RFC 6460's lists. At the start of a string one replaces the whole of it. Longer words come before their beginnings. */
const SUITE_B: readonly { readonly word: string; readonly rules: string; readonly flags: number }[] = [
  { word: 'SUITEB128ONLY', rules: 'ECDHE-ECDSA-AES128-GCM-SHA256', flags: CERT_FLAGS.SUITEB_128_LOS_ONLY },
  { word: 'SUITEB128C2', rules: 'ECDHE-ECDSA-AES256-GCM-SHA384', flags: CERT_FLAGS.SUITEB_128_LOS },
  { word: 'SUITEB128', rules: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384', flags: CERT_FLAGS.SUITEB_128_LOS },
  { word: 'SUITEB192', rules: 'ECDHE-ECDSA-AES256-GCM-SHA384', flags: CERT_FLAGS.SUITEB_192_LOS },
];

const suiteBOf = (rules: string): (typeof SUITE_B)[number] | undefined => SUITE_B.find(({ word }) => rules.startsWith(word));

/** Some words mean something at the very start of a string alone, and there whatever follows them. */
function withoutPrefix(rules: string): string {
  const suiteB = suiteBOf(rules);
  if (suiteB !== undefined) return suiteB.rules;
  return rules.startsWith('DEFAULT') ? `${DEFAULT_RULES}:${rules.slice('DEFAULT'.length)}` : rules;
}

// ---- commands

type Action = 'add' | 'delete' | 'last' | 'kill';

type Command =
  | { readonly kind: Action; readonly pattern: Pattern }
  | { readonly kind: 'strength' }
  | { readonly kind: 'level'; readonly level: number };

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['-', 'delete'],
  ['+', 'last'],
  ['!', 'kill'],
]);

const SEPARATORS = /[: ;,]*/y;
const WORD = /[A-Za-z0-9.=-]+/y;
const REST_OF_COMMAND = /[^: ;,]*/y;

/** Separators are needed only where a command would read as a part of the one before it. */
function* commandsOf(rules: string): Generator<Command> {
  let at = 0;
  const take = (what: RegExp): string => {
    what.lastIndex = at;
    const text = what.exec(rules)?.[0] ?? '';
    at += text.length;
    return text;
  };
  const takeWord = (): string => take(WORD) || refuse('INVALID_COMMAND', rules);
  for (take(SEPARATORS); at < rules.length; take(SEPARATORS)) {
    const sign = rules.charAt(at);
    const kind = ACTIONS.get(sign) ?? 'add';
    if (kind !== 'add' || sign === '@') at++;
    if (sign === '@') {
      yield specialCommand(takeWord(), rules);
      take(REST_OF_COMMAND);
      continue;
    }
    const pattern = takePattern(takeWord, () => rules.charAt(at) === '+' && ++at > 0);
    if (pattern === undefined) take(REST_OF_COMMAND);
    else yield { kind, pattern };
  }
}

function specialCommand(word: string, rules: string): Command {
  if (word === 'STRENGTH') return { kind: 'strength' };
  const level = /^SECLEVEL=([0-5])$/.exec(word)?.[1];
  return level === undefined ? refuse('INVALID_COMMAND', rules) : { kind: 'level', level: Number(level) };
}

/** Words joined by `+` mean what all of them mean. Undefined where one is unknown, or where two have nothing in common. */
function takePattern(takeWord: () => string, takePlus: () => boolean): Pattern | undefined {
  let both: Pattern | undefined = {};
  do {
    const pattern = words().get(takeWord());
    both = pattern === undefined ? undefined : intersect(both, pattern);
  } while (both !== undefined && takePlus());
  return both;
}

// ---- what words mean

/** Sets of properties as bits. A suite matches where it is in each of the sets that are there. */
interface Pattern {
  readonly exchange?: number;
  readonly authentication?: number;
  readonly encryption?: number;
  readonly mac?: number;
  readonly grade?: number;
  readonly optIn?: number;
  readonly minVersion?: number;
  readonly id?: number;
}

/** The properties that are sets. */
const SETS = ['exchange', 'authentication', 'encryption', 'mac', 'grade', 'optIn'] as const;

const EXCHANGES: Readonly<Record<KeyExchangeName, number>> = {
  ...{ any: 0, ecdhe: 1, dhe: 2, rsa: 4, psk: 8, 'dhe-psk': 16, 'ecdhe-psk': 32, 'rsa-psk': 64 },
};
const AUTHENTICATIONS: Readonly<Record<AuthenticationName, number>> = { any: 0, rsa: 1, ecdsa: 2, psk: 4, none: 8 };

type Encryption = AeadName | CbcName | 'none';
const ENCRYPTIONS: readonly Encryption[] = [
  ...(['none', '3des-cbc', 'chacha20-poly1305', 'aes-128-cbc', 'aes-256-cbc', 'camellia-128-cbc', 'camellia-256-cbc'] as const),
  ...(['aes-128-gcm', 'aes-256-gcm', 'aes-128-ccm', 'aes-256-ccm', 'aes-128-ccm-8', 'aes-256-ccm-8'] as const),
];
const MACS: readonly (HashName | 'aead')[] = ['aead', 'md5', 'sha1', 'sha256', 'sha384'];

const encryptions = (...names: readonly Encryption[]): number => names.reduce((bits, name) => bits | (1 << ENCRYPTIONS.indexOf(name)), 0);
const mac = (name: HashName | 'aead'): Pattern => ({ mac: 1 << MACS.indexOf(name) });
const exchange = (...names: readonly KeyExchangeName[]): Pattern => ({ exchange: names.reduce((bits, name) => bits | EXCHANGES[name], 0) });
const authentication = (name: AuthenticationName): Pattern => ({ authentication: AUTHENTICATIONS[name] });

const NULL = encryptions('none');
const AES128_CBC = encryptions('aes-128-cbc');
const AES256_CBC = encryptions('aes-256-cbc');
const AESGCM = encryptions('aes-128-gcm', 'aes-256-gcm');
const AESCCM8 = encryptions('aes-128-ccm-8', 'aes-256-ccm-8');
const AESCCM = AESCCM8 | encryptions('aes-128-ccm', 'aes-256-ccm');
const AES128 = AES128_CBC | encryptions('aes-128-gcm', 'aes-128-ccm', 'aes-128-ccm-8');
const AES256 = AES256_CBC | encryptions('aes-256-gcm', 'aes-256-ccm', 'aes-256-ccm-8');
const CAMELLIA = encryptions('camellia-128-cbc', 'camellia-256-cbc');
const TRIPLE_DES = encryptions('3des-cbc');

/** Grades as OpenSSL gave them out; a suite may have two of them. */
const [NONE, LOW, MEDIUM, HIGH, FIPS] = [1, 2, 4, 8, 16];
const OPT_IN = 1;
const SSL3_VERSION = 0x0300;

/** Known words that no suite here answers to. */
const ABSENT = 1 << 30;

const EXCEPT_NULL: Pattern = { encryption: ~NULL };
const NAMED_SERVER: Pattern = { authentication: ~AUTHENTICATIONS.none };
const EVERY_PSK: Pattern = exchange('psk', 'dhe-psk', 'ecdhe-psk', 'rsa-psk');
const ANONYMOUS: Pattern = authentication('none');
const ECDHE: Pattern = exchange('ecdhe');
const DHE: Pattern = exchange('dhe');

/** Put together when the first string is read: most programs have none. */
const words = (): ReadonlyMap<string, Pattern> => {
  known ??= new Map(vocabulary());
  return known;
};

let known: ReadonlyMap<string, Pattern> | undefined;

const vocabulary = (): (readonly [string, Pattern])[] => [
  ...TLS12_SUITES.map((suite): [string, Pattern] => [suite.name, { ...propertiesOf(suite), id: suite.id }]),
  ['ALL', EXCEPT_NULL],
  ['COMPLEMENTOFALL', { encryption: NULL }],
  ['COMPLEMENTOFDEFAULT', { optIn: OPT_IN }],
  ['kRSA', exchange('rsa')],
  ['kDHE', DHE],
  ['kEDH', DHE],
  ['DH', DHE],
  ['kECDHE', ECDHE],
  ['kEECDH', ECDHE],
  ['ECDH', ECDHE],
  ['kPSK', exchange('psk')],
  ['kDHEPSK', exchange('dhe-psk')],
  ['kECDHEPSK', exchange('ecdhe-psk')],
  ['kRSAPSK', exchange('rsa-psk')],
  ['aRSA', authentication('rsa')],
  ['aECDSA', authentication('ecdsa')],
  ['ECDSA', authentication('ecdsa')],
  ['aPSK', authentication('psk')],
  ['aNULL', ANONYMOUS],
  ['DHE', { ...DHE, ...NAMED_SERVER }],
  ['EDH', { ...DHE, ...NAMED_SERVER }],
  ['ADH', { ...DHE, ...ANONYMOUS }],
  ['ECDHE', { ...ECDHE, ...NAMED_SERVER }],
  ['EECDH', { ...ECDHE, ...NAMED_SERVER }],
  ['AECDH', { ...ECDHE, ...ANONYMOUS }],
  ['RSA', { ...exchange('rsa'), ...authentication('rsa') }],
  ['PSK', EVERY_PSK],
  ['eNULL', { encryption: NULL }],
  ['NULL', { encryption: NULL }],
  ['3DES', { encryption: TRIPLE_DES }],
  ['AES', { encryption: AES128 | AES256 }],
  ['AES128', { encryption: AES128 }],
  ['AES256', { encryption: AES256 }],
  ['AESGCM', { encryption: AESGCM }],
  ['AESCCM', { encryption: AESCCM }],
  ['AESCCM8', { encryption: AESCCM8 }],
  ['CAMELLIA', { encryption: CAMELLIA }],
  ['CAMELLIA128', { encryption: encryptions('camellia-128-cbc') }],
  ['CAMELLIA256', { encryption: encryptions('camellia-256-cbc') }],
  ['CHACHA20', { encryption: encryptions('chacha20-poly1305') }],
  ['CBC', { encryption: TRIPLE_DES | AES128_CBC | AES256_CBC | CAMELLIA }],
  ['MD5', mac('md5')],
  ['SHA', mac('sha1')],
  ['SHA1', mac('sha1')],
  ['SHA256', mac('sha256')],
  ['SHA384', mac('sha384')],
  ['SSLv3', { minVersion: SSL3_VERSION }],
  ['TLSv1', { minVersion: TLS1_VERSION }],
  ['TLSv1.0', { minVersion: TLS1_VERSION }],
  ['TLSv1.2', { minVersion: TLS1_2_VERSION }],
  ['LOW', { grade: LOW }],
  ['MEDIUM', { grade: MEDIUM }],
  ['HIGH', { grade: HIGH }],
  ['FIPS', { ...EXCEPT_NULL, grade: FIPS }],
  ...['ARIA', 'ARIAGCM', 'ARIA128', 'ARIA256'].map((word): [string, Pattern] => [word, { encryption: ABSENT }]),
  ...['aDSS', 'DSS', 'aSRP'].map((word): [string, Pattern] => [word, { authentication: ABSENT }]),
  ...['kSRP', 'SRP'].map((word): [string, Pattern] => [word, { exchange: ABSENT }]),
  // An old name of DHE-RSA-DES-CBC3-SHA.
  ['EDH-RSA-DES-CBC3-SHA', { ...DHE, ...authentication('rsa'), encryption: TRIPLE_DES, ...mac('sha1'), grade: HIGH | FIPS }],
];

function propertiesOf(suite: CipherSuite): Required<Omit<Pattern, 'id' | 'minVersion'>> {
  const encryption = encryptions(suite.aead ?? suite.cbc ?? 'none');
  return {
    exchange: EXCHANGES[suite.keyExchange],
    authentication: AUTHENTICATIONS[suite.authentication],
    encryption,
    mac: 1 << MACS.indexOf(suite.aead === undefined ? (suite.mac ?? 'aead') : 'aead'),
    grade: gradeOf(encryption),
    // What DEFAULT leaves out, beside NULL encryption.
    optIn: encryption !== NULL && ((encryption & (CAMELLIA | AESCCM | TRIPLE_DES)) !== 0 || suite.authentication === 'none') ? OPT_IN : 0,
  };
}

function gradeOf(encryption: number): number {
  if (encryption === NULL) return NONE;
  if (encryption === TRIPLE_DES) return MEDIUM | FIPS;
  return (encryption & (AES128_CBC | AES256_CBC | AESGCM)) === 0 ? HIGH : HIGH | FIPS;
}

/** Both at once; undefined where they exclude each other. A name says which suite is meant only if it is the last word. */
function intersect(a: Pattern, b: Pattern): Pattern | undefined {
  const both: { -readonly [K in keyof Pattern]: number } = {};
  for (const name of SETS) {
    const bits = (a[name] || ~0) & (b[name] || ~0);
    if (bits === 0) return undefined;
    if (bits !== ~0) both[name] = bits;
  }
  // OpenSSL forgets COMPLEMENTOFDEFAULT where the first grade follows it.
  if (a.grade === undefined && b.grade !== undefined && !b.optIn) both.optIn = 0;
  const minVersion = a.minVersion ?? b.minVersion;
  if (minVersion !== undefined) both.minVersion = minVersion;
  if (b.minVersion !== undefined && b.minVersion !== minVersion) return undefined;
  if (b.id !== undefined) both.id = b.id;
  return both;
}

// ---- the list

interface Entry {
  readonly suite: CipherSuite;
  readonly properties: ReturnType<typeof propertiesOf>;
  chosen: boolean;
}

/**
 * All suites in one order, those that were chosen among those that were not: what is deleted goes to the front, so that it comes
 * back in the order it had.
 */
class SuiteList {
  private entries: readonly Entry[] = TLS12_SUITES.map((suite) => ({ suite, properties: propertiesOf(suite), chosen: false }));

  chosen(): readonly number[] {
    return this.entries.filter(({ chosen }) => chosen).map(({ suite }) => suite.id);
  }

  apply(command: Exclude<Command, { readonly kind: 'level' }>): void {
    if (command.kind === 'strength') {
      this.sortByStrength();
      return;
    }
    const matching = this.entries.filter((entry) => matches(entry, command.pattern));
    switch (command.kind) {
      case 'add':
        this.move(
          matching.filter(({ chosen }) => !chosen),
          true,
        );
        break;
      case 'last':
        this.move(
          matching.filter(({ chosen }) => chosen),
          true,
        );
        break;
      case 'delete':
        this.move(
          matching.filter(({ chosen }) => chosen),
          false,
        );
        break;
      case 'kill':
        this.entries = this.without(matching);
    }
  }

  /** Puts entries last as chosen ones, or first as ones that are not. */
  private move(moved: readonly Entry[], chosen: boolean): void {
    const others = this.without(moved);
    for (const entry of moved) entry.chosen = chosen;
    this.entries = chosen ? [...others, ...moved] : [...moved, ...others];
  }

  private without(gone: readonly Entry[]): readonly Entry[] {
    return this.entries.filter((entry) => !gone.includes(entry));
  }

  private sortByStrength(): void {
    const chosen = this.entries.filter((entry) => entry.chosen);
    this.move(
      chosen.toSorted((a, b) => strengthOf(b.suite) - strengthOf(a.suite)),
      true,
    );
  }
}

/** Bits of the cipher, whatever its tag. */
const strengthOf = ({ aead, bits, keyLength }: CipherSuite): number => (aead === undefined ? bits : 8 * keyLength);

function matches({ suite, properties }: Entry, pattern: Pattern): boolean {
  if (pattern.id !== undefined && pattern.id !== suite.id) return false;
  if (pattern.minVersion !== undefined && pattern.minVersion !== suite.minVersion) return false;
  return SETS.every((name) => {
    const wanted = pattern[name];
    return !wanted || (wanted & properties[name]) !== 0;
  });
}
