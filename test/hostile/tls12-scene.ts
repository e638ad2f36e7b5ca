/** A victim of TLS 1.2 or below and the peer that plays with it. */
import { Ssl, type SslContext, type SslContextOptions } from '../../src/index.ts';
import { DEFAULT_TLS12_SUITES } from '../../src/registry/cipher-suites.ts';
import { clientContext, serverContext } from '../support/connect.ts';
import { keyFor, Peer12, suite12 } from './tls12-peer.ts';

/** Who plays: the one suite, the version, the victim's settings, and what is done to the peer before it begins. */
export interface Scene {
  readonly suite?: number;
  readonly version?: number;
  readonly victim?: SslContextOptions;
  /** A context that serves more than one connection. */
  readonly context?: SslContext;
  readonly setUp?: (peer: Peer12) => unknown;
}

const ECDHE_ECDSA = 0xc02b;

function settings({ suite = ECDHE_ECDSA, version = 0x0303, victim }: Scene): SslContextOptions {
  const old = version < 0x0303 || !DEFAULT_TLS12_SUITES.includes(suite);
  return {
    cipherList: [suite],
    groups: ['X25519', 'P-256', 'ffdhe2048'],
    maxProtoVersion: version,
    ...(old && { securityLevel: 0, minProtoVersion: version }),
    ...victim,
  };
}

/** A context of a client or a server that a scene's peer plays with. */
export const contextOf = (role: 'client' | 'server', scene: Scene = {}): SslContext =>
  role === 'client' ? clientContext(settings(scene)) : serverContext(settings(scene), keyFor(suite12(scene.suite ?? ECDHE_ECDSA)));

function against(role: 'client' | 'server', scene: Scene): Peer12 {
  const ssl = new Ssl(scene.context ?? contextOf(role, scene));
  if (role === 'client') ssl.set('serverName', 'server.example');
  const peer = new Peer12(role === 'client' ? 'server' : 'client', ssl, suite12(scene.suite ?? ECDHE_ECDSA), scene.version ?? 0x0303);
  scene.setUp?.(peer);
  return peer;
}

export const againstClient12 = (scene: Scene = {}): Peer12 => against('client', scene);
export const againstServer12 = (scene: Scene = {}): Peer12 => against('server', scene);
