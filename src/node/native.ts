/** The runtime's own `node:tls`, as it was before anybody put something else into it. */
import type { Duplex } from 'node:stream';

/** The part of it that is asked for, loaded when it is first needed: few programs need it, and it takes its time. */
interface Native {
  readonly rootCertificates: readonly string[];
  readonly TLSSocket: new (stream: Duplex, options: { readonly secureContext: object }) => Duplex;
  readonly createSecureContext: () => object;
  /** From Node 22.15 on. */
  readonly getCACertificates?: (type?: string) => readonly string[];
  /** From Node 22.19 on. */
  readonly setDefaultCACertificates?: (certificates: readonly (string | ArrayBufferView)[]) => void;
}

/** As it was when it was first asked: `libssl/node/register` puts what is here into its place. */
let kept: Native | undefined;

export function native(): Native {
  if (kept !== undefined) return kept;
  const module = process.getBuiltinModule('node:tls') as unknown as Native;
  const { TLSSocket, createSecureContext, getCACertificates: asked, setDefaultCACertificates: told } = module;
  kept = {
    get rootCertificates() {
      return module.rootCertificates;
    },
    TLSSocket,
    createSecureContext,
    ...(asked !== undefined && { getCACertificates: asked }),
    ...(told !== undefined && { setDefaultCACertificates: told }),
  };
  return kept;
}

/** Keeps the runtime's own answers before somebody puts others into `node:tls`. */
export const keepNative = (): void => void native();
