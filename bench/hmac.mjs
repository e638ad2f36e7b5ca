// What an HMAC of 50 bytes costs, by each way a provider could make it. Prints microseconds: once with a key used
// for one tag (Finished, HKDF-Extract) and once for one of four tags under one key (HKDF-Expand).
//   node bench/hmac.mjs
import * as crypto from 'node:crypto';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';

const HASHES = { sha256: { noble: sha256, block: 64, length: 32 }, sha384: { noble: sha384, block: 128, length: 48 } };

const WAYS = {
  'createHmac, bytes': (name) => (key) => ({ mac: (data) => crypto.createHmac(name, key).update(data).digest() }),
  'createHmac, KeyObject': (name) => (key) => {
    const object = crypto.createSecretKey(key);
    return { mac: (data) => crypto.createHmac(name, object).update(data).digest() };
  },
  'crypto.hash twice': (name) => {
    const { block, length } = HASHES[name];
    const hash = crypto.hash ?? ((n, d) => crypto.createHash(n).update(d).digest());
    return (key) => {
      const inner = new Uint8Array(block + 512).fill(0x36, 0, block);
      const outer = new Uint8Array(block + length).fill(0x5c, 0, block);
      for (let i = 0; i < key.length; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
      }
      return {
        mac: (data) => {
          inner.set(data, block);
          outer.set(hash(name, inner.subarray(0, block + data.length), 'buffer'), block);
          return hash(name, outer, 'buffer');
        },
      };
    };
  },
  'noble, one-shot': (name) => (key) => ({ mac: (data) => hmac(HASHES[name].noble, key, data) }),
  'noble, kept states': (name) => (key) => {
    const keyed = hmac.create(HASHES[name].noble, key);
    return { mac: (data) => keyed.clone().update(data).digest() };
  },
  'noble, kept states, one scratch': (name) => {
    const { noble, length } = HASHES[name];
    const scratch = hmac.create(noble, new Uint8Array(0));
    return (key) => {
      const keyed = hmac.create(noble, key);
      return {
        mac: (data) => {
          const out = new Uint8Array(length);
          keyed._cloneInto(scratch).update(data).digestInto(out);
          return out;
        },
      };
    };
  },
};

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** The least mean of several rounds; the event loop turns in between, so that native objects may be freed. */
async function cost(make, name, uses) {
  const key = crypto.randomBytes(HASHES[name].length);
  const data = crypto.randomBytes(50);
  const way = make(name);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 2000; i++) {
      const keyed = way(key);
      for (let use = 0; use < uses; use++) keyed.mac(data);
    }
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 2000 / uses / 1000);
    await settle();
  }
  return least.toFixed(2);
}

for (const name of Object.keys(HASHES)) {
  for (const [label, make] of Object.entries(WAYS)) {
    console.log(name, label.padEnd(34), 'one use', await cost(make, name, 1), ' four uses', await cost(make, name, 4));
  }
}
