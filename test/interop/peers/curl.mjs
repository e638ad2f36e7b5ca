// curl, as a client.
import { execFileSync } from 'node:child_process';
import { missingHybrids, opensslCiphers, opensslGroup, VERSIONS } from './names.mjs';

const find = () => {
  try {
    const text = execFileSync('curl', ['--version'], { encoding: 'utf8' });
    curl.libssl = /OpenSSL\/(\S+)/.exec(text)?.[1];
    return curl.libssl === undefined ? undefined : /^curl (\S+)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
};

export const curl = {
  name: 'curl',
  install: 'apt-get install curl',
  roles: ['client'],
  find,
  /** @type {string | undefined} */
  libssl: undefined,
  lacks({ groups = [], securityLevel }) {
    if (securityLevel === 0 && (curl.libssl ?? '') >= '3.2') return 'curl cannot be told another security level';
    return missingHybrids(curl.libssl, groups);
  },

  async client(scope, setup, port) {
    return new CurlPeer(scope.start('curl', clientArgs(setup, port), { digest: setup.digest, input: setup.input }));
  },
};

function clientArgs({ version = 0x0304, ciphers, suites, groups, ca, clientIdentity, serverName, paths = ['/'], args = [], alpn }, port) {
  return [
    '--silent',
    '--show-error',
    '--verbose',
    '--fail',
    `--tlsv${VERSIONS[version].curl}`,
    '--tls-max',
    VERSIONS[version].curl,
    ...(ciphers ? ['--ciphers', opensslCiphers(ciphers)] : []),
    ...(alpn ? [] : ['--no-alpn']),
    '--cacert',
    ca.certFile,
    '--connect-to',
    `::127.0.0.1:${port}`,
    ...(suites ? ['--tls13-ciphers', suites.join(':')] : []),
    ...(groups ? ['--curves', groups.map(opensslGroup).join(':')] : []),
    ...(clientIdentity ? ['--cert', clientIdentity.certFile, '--key', clientIdentity.keyFile] : []),
    ...args,
    ...paths.map((path) => `https://${serverName}:${port}${path}`),
  ];
}

const BODY = 'a body from us';

class CurlPeer {
  constructor(program) {
    this.program = program;
  }

  /** A request and its answer. */
  async talk(ours) {
    await ours.hears(/^GET \/\S* HTTP\/1\.1\r\n(.*\r\n)+\r\n/);
    await ours.says(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`);
    await this.program.says(BODY);
  }

  says(pattern) {
    return this.program.says(pattern);
  }

  async part(ours) {
    await ours.close();
    await this.ended();
  }

  async ended() {
    const { code } = await this.program.exit;
    if (code !== 0) throw new Error(`curl ended with ${code}`);
  }
}
