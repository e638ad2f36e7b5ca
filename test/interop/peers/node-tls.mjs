// node:tls in a process of its own: that of the running Node, and that of a Node with OpenSSL 3.5.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { missingHybrids, opensslCiphers, opensslGroup, VERSIONS } from './names.mjs';

const PROGRAM = fileURLToPath(new URL('./node-tls-program.mjs', import.meta.url));

/**
 * @param {string} name
 * @param {string} install
 * @param {() => string | undefined} locate the program
 */
export function nodeTls(name, install, locate) {
  const start = async (scope, role, setup) => {
    const program = scope.start(peer.path, [PROGRAM, JSON.stringify({ role, ...optionsOf(setup) })], {
      env: { NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    });
    const node = new NodePeer(program);
    if (role === 'server') node.port = (await node.event('listening')).port;
    return node;
  };
  const peer = {
    name,
    install,
    roles: ['client', 'server'],
    /** @type {string | undefined} */
    path: undefined,
    /** @type {string | undefined} */
    libssl: undefined,
    find() {
      peer.path = locate();
      if (peer.path === undefined) return undefined;
      const [version, libssl] = execFileSync(peer.path, ['-p', 'process.versions.node + " " + process.versions.openssl'], {
        encoding: 'utf8',
      })
        .trim()
        .split(' ');
      peer.libssl = libssl;
      return `${version} (OpenSSL ${libssl})`;
    },
    lacks: ({ groups = [] }) => missingHybrids(peer.libssl, groups),
    server: (scope, setup) => start(scope, 'server', setup),
    client: (scope, setup, port) => start(scope, 'client', { ...setup, port }),
  };
  return peer;
}

function optionsOf({ version = 0x0304, ciphers, second, suites, groups, securityLevel, identity, clientIdentity, ca, tls, ...setup }) {
  return {
    ...setup,
    tls: {
      minVersion: VERSIONS[version].name,
      maxVersion: VERSIONS[version].name,
      ...(ciphers ? { ciphers: opensslCiphers(ciphers) } : {}),
      ...(suites || securityLevel === 0
        ? { ciphers: [...(suites ?? []), `DEFAULT${securityLevel === 0 ? '@SECLEVEL=0' : ''}`].join(':') }
        : {}),
      ...(groups ? { ecdhCurve: groups.map(opensslGroup).join(':') } : {}),
      ...tls,
    },
    identity: identity && { certFile: identity.certFile, keyFile: identity.keyFile },
    clientIdentity: clientIdentity && { certFile: clientIdentity.certFile, keyFile: clientIdentity.keyFile },
    second: second && { certFile: second.certFile, keyFile: second.keyFile },
    caFile: ca?.certFile,
  };
}

const FROM_US = 'from us to you';
const TO_US = 'to us from you';

class NodePeer {
  constructor(program) {
    this.program = program;
    this.taken = 0;
    this.turns = 0;
  }

  /** The next event of a name; those before it are passed over. */
  event(name) {
    return this.program.until(() => {
      const lines = this.program.output.split('\n').slice(0, -1);
      for (let at = this.taken; at < lines.length; at++) {
        const found = lines[at].startsWith('{') ? JSON.parse(lines[at]) : undefined;
        if (found?.event === 'error' && name !== 'error') throw new Error(`node:tls: ${found.message}`);
        if (found?.event !== name) continue;
        this.taken = at + 1;
        return found;
      }
      return undefined;
    }, `the event ${name}`);
  }

  order(command) {
    this.program.write(`${JSON.stringify(command)}\n`);
  }

  async talk(ours) {
    const turn = ++this.turns;
    if (turn === 1) this.secure = await this.event('secure');
    await ours.says(`${FROM_US}, ${turn}`);
    await this.hears(`${FROM_US}, ${turn}`);
    this.order({ say: `${TO_US}, ${turn}` });
    await ours.hears(`${TO_US}, ${turn}`);
  }

  /** What came as data, in however many pieces (TLS 1.0 splits records against BEAST). */
  hears(text) {
    const data = () => [...this.program.output.matchAll(/^\{"event":"data".*\}$/gm)].map(([line]) => JSON.parse(line).text).join('');
    return this.program.until(() => data().includes(text), text);
  }

  says(pattern) {
    return this.program.says(pattern);
  }

  async part(ours) {
    await ours.close();
    await this.ended();
  }

  async ended() {
    await this.event('close');
  }
}
