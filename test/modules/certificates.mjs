// One authority; a server that is `localhost` and no address, a client that is `certuser`, and an authority that nobody trusts.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '../interop/certificates.mjs';

/** @param {string} directory */
export function makeCertificates(directory) {
  const { ca, leaf } = makeAuthority(directory);
  const elsewhere = join(directory, 'elsewhere');
  mkdirSync(elsewhere);
  return {
    ca,
    server: leaf('server', 'p256', 'localhost', { names: { dns: ['localhost'] }, extKeyUsage: ['serverAuth'] }),
    client: leaf('client', 'p256', 'certuser', { extKeyUsage: ['clientAuth'] }),
    stranger: makeAuthority(elsewhere, 'Unknown CA').ca,
  };
}
