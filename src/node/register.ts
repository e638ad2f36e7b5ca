/**
 * `libssl/node/register`: from its import on, `node:tls` is this library for the whole program, and with it `node:https`, `node:http2` and every package
 * that calls `node:tls`. What took a function or a class out of `node:tls` before keeps it: so it is imported first, or at the start by
 * `node --import libssl/node/register`.
 */
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import * as face from './index.ts';

for (const [name, ours] of Object.entries(face)) {
  // `rootCertificates` cannot be written, and holds the same.
  if (Object.getOwnPropertyDescriptor(tls, name)?.writable === true) Object.assign(tls, { [name]: ours });
}

// `https` took the server for a parent when it was loaded.
Object.setPrototypeOf(https.Server, face.Server);
Object.setPrototypeOf(https.Server.prototype, face.Server.prototype);

syncBuiltinESMExports();
