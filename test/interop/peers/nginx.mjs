// nginx, as a server: one process in the foreground, with a configuration and a directory of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { freePort } from '../scope.mjs';
import { missingHybrids, opensslCiphers, opensslGroup, VERSIONS } from './names.mjs';

const PROGRAM = process.env['PATH']?.includes('/sbin') ? 'nginx' : '/usr/sbin/nginx';

const find = () => {
  const { stderr, status } = spawnSync(PROGRAM, ['-V'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  nginx.libssl = /built with OpenSSL (\S+)/.exec(stderr)?.[1] ?? execFileSync('openssl', ['version'], { encoding: 'utf8' }).split(' ')[1];
  return /nginx\/(\S+)/.exec(stderr)?.[1];
};

export const nginx = {
  name: 'nginx',
  install: 'apt-get install nginx-light',
  roles: ['server'],
  find,
  /** @type {string | undefined} */
  libssl: undefined,
  lacks: ({ groups = [] }) => missingHybrids(nginx.libssl, groups),

  async server(scope, setup) {
    const port = await freePort();
    const file = await scope.file('nginx.conf');
    await scope.file('nginx.conf', configuration(dirname(file), port, setup));
    const program = scope.start(PROGRAM, ['-p', dirname(file), '-c', file, '-e', 'stderr']);
    while (!(await answers(port))) {
      if (program.exited) throw new Error('nginx did not start');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return new NginxPeer(program, port);
  },
};

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

function configuration(
  directory,
  port,
  {
    version = 0x0304,
    ciphers,
    second,
    suites,
    groups,
    identity,
    ca,
    requestClient,
    earlyData,
    securityLevel,
    root,
    proxy,
    other,
    conf = [],
  },
) {
  const host = (name, one, isDefault) => `server {
    listen 127.0.0.1:${port} ssl${isDefault ? ' default_server' : ''};
    server_name ${name};
    ssl_certificate ${one.certFile};
    ssl_certificate_key ${one.keyFile};
    ${second ? `ssl_certificate ${second.certFile}; ssl_certificate_key ${second.keyFile};` : ''}
    ssl_protocols ${VERSIONS[version].name};
    ${ciphers ? `ssl_ciphers ${opensslCiphers(ciphers)};` : ''}
    ${suites ? `ssl_conf_command Ciphersuites ${suites.join(':')};` : ''}
    ${groups ? `ssl_ecdh_curve ${groups.map(opensslGroup).join(':')};` : ''}
    ${securityLevel === 0 ? 'ssl_ciphers DEFAULT@SECLEVEL=0;' : ''}
    ${requestClient ? `ssl_verify_client ${requestClient === 'required' ? 'on' : 'optional'}; ssl_client_certificate ${ca.certFile};` : ''}
    ${earlyData ? 'ssl_early_data on;' : ''}
    ssl_session_cache shared:S${port}:1m;
    ${conf.join('\n    ')}
    ${
      proxy
        ? `location /up { client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://127.0.0.1:${proxy}; }`
        : ''
    }
    ${root ? `location /files/ { alias ${root}/; }` : ''}
    location / { return 200 "name $ssl_server_name, cipher $ssl_cipher, curve $ssl_curves, client $ssl_client_verify $ssl_client_s_dn, reused $ssl_session_reused, early $ssl_early_data.";  }
  }`;
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr info;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ${host('server.example', identity, true)}
  ${other ? host(other.name, other, false) : ''}
}
`;
}

class NginxPeer {
  constructor(program, port) {
    this.program = program;
    this.port = port;
  }

  /** A request and its answer; gives what nginx says of the connection. */
  async talk(ours) {
    await ours.says('GET / HTTP/1.1\r\nHost: server.example\r\n\r\n');
    const [, status] = await ours.hears(/HTTP\/1\.1 (\d+) [\s\S]*early .*\./);
    if (status !== '200') throw new Error(`nginx answered ${status}`);
  }

  says(pattern) {
    return this.program.says(pattern);
  }

  async part(ours) {
    ours.finish();
    ours.socket.end();
  }
}
