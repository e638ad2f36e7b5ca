// `gnutls-cli` and `gnutls-serv`. The server listens on every address: it has no option to choose one.
import { execFileSync } from 'node:child_process';
import { freePort } from '../scope.mjs';
import { EchoPeer, LeavingPeer } from './lines.mjs';
import { gnutlsCipher, gnutlsGroup } from './names.mjs';

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
function priority({ suites, groups, psk, pskOnly, middleboxes = true }) {
  return [
    'NORMAL:-VERS-ALL:+VERS-TLS1.3',
    ...(suites ? ['-CIPHER-ALL', ...suites.map((suite) => `+${gnutlsCipher(suite)}`)] : []),
    ...(groups ? ['-GROUP-ALL', ...groups.map((group) => `+${gnutlsGroup(group)}`)] : []),
    ...(psk ? (pskOnly ? ['-KX-ALL', '+PSK'] : ['+ECDHE-PSK', '+DHE-PSK', '+PSK']) : []),
    ...(middleboxes ? [] : ['%DISABLE_TLS13_COMPAT_MODE']),
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

function serverArgs({ identity, ca, requestClient, earlyData, alpn = [], pskFile, httpData, ...setup }, port) {
  const ask =
    requestClient === undefined
      ? ['--disable-client-cert']
      : [`--x509cafile=${ca.certFile}`, '--verify-client-cert', ...(requestClient === 'required' ? ['--require-client-cert'] : [])];
  return [
    ...(httpData ? ['--http', `--httpdata=${httpData}`] : ['--echo']),
    `--port=${port}`,
    ...(identity ? [`--x509certfile=${identity.certFile}`, `--x509keyfile=${identity.keyFile}`] : []),
    ...ask,
    ...(earlyData ? ['--earlydata', `--maxearlydata=${earlyData}`] : []),
    ...alpn.map((name) => `--alpn=${name}`),
    ...(pskFile ? [`--pskpasswd=${pskFile}`] : []),
    ...common(setup),
  ];
}

async function clientArgs(scope, { ca, clientIdentity, serverName, psk, alpn = [], resume, earlyFile, postHandshakeAuth, singleShare, quiet, ...setup }, port) {
  return [
    `--port=${port}`,
    ...(psk ? [`--pskusername=${psk.identity}`, `--pskkey=${psk.key}`] : [`--x509cafile=${ca.certFile}`, `--verify-hostname=${serverName}`]),
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
