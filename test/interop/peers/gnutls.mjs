// `gnutls-cli` and `gnutls-serv`. The server listens on every address: it has no option to choose one.
import { execFileSync } from 'node:child_process';
import { cipherSuiteByName } from '../../../dist/index.js';
import { freePort } from '../scope.mjs';
import { EchoPeer, LeavingPeer } from './lines.mjs';
import { gnutlsCipher, gnutlsGroup, gnutlsSuiteParts, isTls13, VERSIONS } from './names.mjs';

const find = () => {
  try {
    execFileSync('gnutls-serv', ['--version']);
    return /^gnutls-cli (\S+)/.exec(execFileSync('gnutls-cli', ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
};

export const gnutls = {
  name: 'gnutls',
  install: 'apt-get install gnutls-bin',
  roles: ['client', 'server'],
  find,
  lacks({ groups = [] }) {
    if (groups.some((name) => name.includes('MLKEM'))) return `GnuTLS ${gnutls.version} has no group of these names`;
    return undefined;
  },

  async server(scope, setup) {
    const port = await freePort();
    const program = scope.start('gnutls-serv', serverArgs(setup, port));
    await program.says(/listening on IPv4.*done/);
    return new EchoPeer(program, { port });
  },

  async client(scope, setup, port) {
    return new LeavingPeer(scope.start('gnutls-cli', await clientArgs(scope, setup, port), { digest: setup.digest, input: setup.input }));
  },
};

/** A priority string: TLS 1.3 with the suites, groups and key exchanges of the setup. */
function priority(setup) {
  return isTls13(setup.version ?? 0x0304) ? priority13(setup) : priority12(setup);
}

function priority13({ suites, groups, psk, pskOnly, middleboxes = true }) {
  return [
    'NORMAL:-VERS-ALL:+VERS-TLS1.3',
    ...(suites ? ['-CIPHER-ALL', ...suites.map((suite) => `+${gnutlsCipher(suite)}`)] : []),
    ...(groups ? ['-GROUP-ALL', ...groups.map((group) => `+${gnutlsGroup(group)}`)] : []),
    ...(psk ? (pskOnly ? ['-KX-ALL', '+PSK'] : ['+ECDHE-PSK', '+DHE-PSK', '+PSK']) : []),
    ...(middleboxes ? [] : ['%DISABLE_TLS13_COMPAT_MODE']),
  ].join(':');
}

/** TLS 1.2 and below: suites as what they are made of, or what is usual. */
function priority12({ version, ciphers = [], groups, flags = [] }) {
  const parts = ciphers.flatMap((name) => gnutlsSuiteParts(cipherSuiteByName(name)));
  return [
    ...(parts.length > 0
      ? ['NONE:+COMP-NULL:+SIGN-ALL:+CTYPE-X509', ...[...new Set(parts)].map((part) => `+${part}`)]
      : ['NORMAL:-VERS-ALL']),
    `+${VERSIONS[version].gnutls}`,
    ...(groups ? ['-GROUP-ALL', ...groups.map((group) => `+${gnutlsGroup(group)}`)] : ['+GROUP-ALL']),
    ...flags,
  ].join(':');
}

function common({ exporter, recordSize, args = [], ...setup }) {
  return [
    `--priority=${priority(setup)}`,
    ...(exporter ? [`--keymatexport=${exporter.label}`, `--keymatexportsize=${exporter.length}`] : []),
    ...(recordSize ? [`--recordsize=${recordSize}`] : []),
    ...args,
  ];
}

function serverArgs({ identity, second, pskHint, ca, requestClient, earlyData, alpn = [], pskFile, httpData, ...setup }, port) {
  const ask =
    requestClient === undefined
      ? ['--disable-client-cert']
      : [`--x509cafile=${ca.certFile}`, '--verify-client-cert', ...(requestClient === 'required' ? ['--require-client-cert'] : [])];
  return [
    ...(httpData ? ['--http', `--httpdata=${httpData}`] : ['--echo']),
    `--port=${port}`,
    ...(identity ? [`--x509certfile=${identity.certFile}`, `--x509keyfile=${identity.keyFile}`] : []),
    ...(second ? [`--x509certfile=${second.certFile}`, `--x509keyfile=${second.keyFile}`] : []),
    ...(pskHint ? [`--pskhint=${pskHint}`] : []),
    ...ask,
    ...(earlyData ? ['--earlydata', `--maxearlydata=${earlyData}`] : []),
    ...alpn.map((name) => `--alpn=${name}`),
    ...(pskFile ? [`--pskpasswd=${pskFile}`] : []),
    ...common(setup),
  ];
}

async function clientArgs(
  scope,
  { ca, clientIdentity, serverName, psk, alpn = [], resume, earlyFile, postHandshakeAuth, singleShare, quiet, ...setup },
  port,
) {
  return [
    `--port=${port}`,
    ...(psk ? [`--pskusername=${psk.identity}`, `--pskkey=${psk.key}`] : []),
    ...(psk && isTls13(setup.version ?? 0x0304) ? [] : [`--x509cafile=${ca.certFile}`, `--verify-hostname=${serverName}`]),
    ...(serverName ? [`--sni-hostname=${serverName}`] : ['--disable-sni']),
    ...(clientIdentity ? [`--x509certfile=${clientIdentity.certFile}`, `--x509keyfile=${clientIdentity.keyFile}`] : []),
    ...alpn.map((name) => `--alpn=${name}`),
    ...(resume ? ['--resume', '--waitresumption'] : []),
    ...(earlyFile ? [`--earlydata=${earlyFile}`] : []),
    ...(singleShare ? ['--single-key-share'] : []),
    ...(postHandshakeAuth ? ['--post-handshake-auth'] : []),
    ...(quiet ? [`--logfile=${await scope.file('gnutls-cli.log')}`] : []),
    ...common({ ...setup, psk }),
    '127.0.0.1',
  ];
}
