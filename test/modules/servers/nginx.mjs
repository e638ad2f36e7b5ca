// nginx, which answers over HTTP/1.1 and HTTP/2, and on a second port only those who have a certificate.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../interop/scope.mjs';
import { ACCOUNT, listens, ownCertificates, ownDirectory, programOf, versionOf } from './start.mjs';

export const nginx = {
  name: 'nginx',
  install: 'apt-get install nginx-light',
  find: () => versionOf('nginx', ['-v'], /nginx\/(\S+)/),

  prepare(base, pki) {
    const directory = ownDirectory(base, 'nginx');
    return { directory, ...ownCertificates(directory, pki) };
  },

  async start(scope, { directory, cert, key, ca }) {
    const [port, portForCertificates] = [await freePort(), await freePort()];
    const file = join(directory, 'nginx.conf');
    writeFileSync(file, configuration(directory, { port, portForCertificates, cert, key, ca }));
    const program = scope.start(programOf('nginx'), ['-p', directory, '-c', file, '-e', 'stderr'], { ...ACCOUNT, cwd: directory });
    await listens(program, port);
    return { port, portForCertificates, pid: program.child.pid, signal: 'SIGKILL' };
  },
};

function configuration(directory, { port, portForCertificates, cert, key, ca }) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`);
  const host = (number, more) => `server {
    listen 127.0.0.1:${number} ssl http2;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:S${number}:1m;
    client_max_body_size 0;
    ${more}
    location /files/ { alias ${directory}/files/; }
    location / { return 200 "$server_protocol $ssl_protocol $ssl_session_reused $ssl_client_s_dn"; }
  }`;
  mkdirSync(join(directory, 'files'), { recursive: true });
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  ${host(port, '')}
  ${host(portForCertificates, `ssl_verify_client on; ssl_client_certificate ${ca};`)}
}
`;
}
