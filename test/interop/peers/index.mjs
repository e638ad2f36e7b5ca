// Everyone we talk to, in the order of the report.
import { cached, installed, RUNTIMES } from '../../../tools/runtime-programs.mjs';
import { curl } from './curl.mjs';
import { gnutls } from './gnutls.mjs';
import { go } from './go.mjs';
import { nginx } from './nginx.mjs';
import { nodeTls } from './node-tls.mjs';
import { openssl } from './openssl.mjs';

/** The Node with OpenSSL 3.5, for post-quantum groups. On CI it is fetched into the cache of runtimes. */
const node26 = RUNTIMES.find(({ name }) => name === 'node26');

export const PEERS = [
  openssl,
  gnutls,
  curl,
  nginx,
  go,
  nodeTls('node:tls', 'Node itself', () => process.execPath),
  nodeTls('node:tls 26', 'npm run runtimes -- --only node26', () => (process.env['CI'] === 'true' ? installed(node26) : cached(node26))),
];
