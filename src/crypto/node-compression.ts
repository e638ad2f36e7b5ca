import { plain } from './node-runtime.ts';
import type { Compressor } from './provider.ts';

/**
 * What node:zlib can do of RFC 8879, shortest result first; Zstandard from Node 22.15 on. A message is compressed once for each certificate and
 * not once for each handshake, so the best level of each is affordable. `maxOutputLength` stops a bomb at the announced length. The module is
 * loaded when somebody asks.
 */
export function compressors(): readonly Compressor[] {
  known ??= compressorsOf(process.getBuiltinModule('node:zlib'));
  return known;
}

let known: readonly Compressor[] | undefined;

const compressorsOf = (zlib: typeof import('node:zlib')): readonly Compressor[] => [
  {
    id: 2,
    name: 'brotli',
    compress: (data) => plain(zlib.brotliCompressSync(data)),
    decompress: (data, length) => plain(zlib.brotliDecompressSync(data, { maxOutputLength: length })),
  },
  {
    id: 1,
    name: 'zlib',
    compress: (data) => plain(zlib.deflateSync(data, { level: 9 })),
    decompress: (data, length) => plain(zlib.inflateSync(data, { maxOutputLength: length })),
  },
  ...(typeof zlib.zstdCompressSync === 'function'
    ? [
        {
          id: 3,
          name: 'zstd',
          compress: (data: Uint8Array) => plain(zlib.zstdCompressSync(data)),
          decompress: (data: Uint8Array, length: number) => plain(zlib.zstdDecompressSync(data, { maxOutputLength: length })),
        },
      ]
    : []),
];
