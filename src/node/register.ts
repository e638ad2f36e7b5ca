/**
 * `libssl/node/register`: from its import on, `node:tls` is this library for the whole program, and with it `node:https`, `node:http2` and every package
 * that calls `node:tls`. What took a function or a class out of `node:tls` before keeps it: so it is imported first, or at the start by
 * `node --import libssl/node/register`.
 */
import http2 from 'node:http2';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import face from './index.ts';
import { keepNative } from './native.ts';

keepNative();

/** A list of suites that is good, whatever `--tls-cipher-list` says. */
const PLAIN = { ciphers: 'TLS_AES_128_GCM_SHA256' };

/** The servers that took node:tls's for a parent when they were loaded; those of Bun did not. */
const heirs = [https.Server, Object.getPrototypeOf(http2.createSecureServer(PLAIN)).constructor as typeof https.Server].filter(
  (Server) => Object.getPrototypeOf(Server) === tls.Server,
);

// One property under both names: what a program sets on either is set. `rootCertificates` cannot be written, and holds the same.
for (const name of Object.keys(face).filter((one) => Object.getOwnPropertyDescriptor(tls, one)?.writable === true)) {
  Object.defineProperty(tls, name, {
    enumerable: true,
    get: () => Reflect.get(face, name),
    set: (value: unknown) => Reflect.set(face, name, value),
  });
}
for (const Server of heirs) {
  Object.setPrototypeOf(Server, face.Server);
  Object.setPrototypeOf(Server.prototype, face.Server.prototype);
}
syncBuiltinESMExports();
