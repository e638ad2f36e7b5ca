// `openssl s_client` and `openssl s_server`.
import { execFileSync } from 'node:child_process';
import { LinePeer } from './lines.mjs';
import { isTls13, missingHybrids, opensslCiphers, opensslGroup, VERSIONS } from './names.mjs';

const AT_LEVEL_0 = ['-cipher', 'DEFAULT@SECLEVEL=0'];

const version = () => {
  try {
    return /^OpenSSL (\S+)/.exec(execFileSync('openssl', ['version'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
};

export const openssl = {
  name: 'openssl',
  install: 'apt-get install openssl',
  roles: ['client', 'server'],
  find: version,
  lacks: ({ groups = [] }) => missingHybrids(openssl.version, groups),

  async server(scope, setup) {
    const { silentPort: silent } = setup;
    const program = scope.start('openssl', serverArgs(setup), { digest: setup.digest, input: setup.input });
    if (silent !== undefined) return new LinePeer(program, { port: silent });
    const [, port] = await program.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
    return new LinePeer(program, { port: Number(port), end: '\nDONE\n' });
  },

  async client(scope, setup, port) {
    return new LinePeer(scope.start('openssl', clientArgs(setup, port), { digest: setup.digest, input: setup.input }));
  },
};

/** What both programs are told in the same words. */
function common({ version = 0x0304, ciphers, suites, groups, securityLevel, exporter, psk, args = [], pskOnly, middleboxes = true, alpn }) {
  return [
    ...(version === 'any' ? [] : [`-${VERSIONS[version].openssl}`]),
    ...(ciphers ? ['-cipher', opensslCiphers(ciphers)] : []),
    ...(suites ? ['-ciphersuites', suites.join(':')] : []),
    ...(groups ? ['-groups', groups.map(opensslGroup).join(':')] : []),
    ...(securityLevel === 0 ? AT_LEVEL_0 : []),
    ...(exporter ? ['-keymatexport', exporter.label, '-keymatexportlen', `${exporter.length}`] : []),
    ...(psk ? ['-psk_identity', psk.identity, '-psk', psk.key] : []),
    ...(pskOnly ? ['-allow_no_dhe_kex'] : []),
    ...(middleboxes ? [] : ['-no_middlebox']),
    ...(alpn ? ['-alpn', alpn.join(',')] : []),
    ...args,
  ];
}

function serverArgs({ identity, second, pskHint, ca, requestClient, earlyData, other, silentPort = 0, ...setup }) {
  const ask =
    requestClient === undefined
      ? []
      : [requestClient === 'required' ? '-Verify' : '-verify', '2', '-CAfile', ca.certFile, '-verify_return_error'];
  return [
    's_server',
    '-accept',
    `127.0.0.1:${silentPort}`,
    ...(identity ? ['-cert', identity.certFile, '-key', identity.keyFile] : ['-nocert']),
    ...(other ? ['-servername', other.name, '-cert2', other.certFile, '-key2', other.keyFile] : []),
    ...(second ? ['-dcert', second.certFile, '-dkey', second.keyFile] : []),
    ...(pskHint ? ['-psk_hint', pskHint] : []),
    ...ask,
    ...(earlyData ? ['-early_data', '-max_early_data', `${earlyData}`] : []),
    ...common(setup),
  ];
}

function clientArgs({ ca, clientIdentity, serverName, session, saveSession, earlyFile, psk, postHandshakeAuth, ...setup }, port) {
  return [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    ...(serverName ? ['-servername', serverName] : ['-noservername']),
    ...(psk && isTls13(setup.version ?? 0x0304) ? [] : ['-CAfile', ca.certFile, '-verify_return_error', '-verify_hostname', serverName]),
    ...(clientIdentity ? ['-cert', clientIdentity.certFile, '-key', clientIdentity.keyFile] : []),
    ...(session ? ['-sess_in', session] : []),
    ...(saveSession ? ['-sess_out', saveSession] : []),
    ...(earlyFile ? ['-early_data', earlyFile] : []),
    ...(postHandshakeAuth ? ['-enable_pha'] : []),
    ...common({ ...setup, psk }),
  ];
}
