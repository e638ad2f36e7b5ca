// The bare primitives of a handshake and of records, called in the cheapest way there is: what no stack over node:crypto can go below.
import * as crypto from 'node:crypto';

const HMACS = 46;
const SNAPSHOTS = 11;
const SMALL_RECORDS = 4;

/** One key pair and one agreement of X25519 for each side, what verifies and what signs, tags, transcript hashes and a few small records. */
export function handshakes({ identity, ca, resumed = false }) {
  const signer = crypto.createPrivateKey(identity.key);
  const leaf = crypto.createPublicKey(identity.cert);
  const issuer = crypto.createPublicKey(ca.cert);
  const rsa = leaf.asymmetricKeyType === 'rsa';
  const options = rsa ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  const content = crypto.randomBytes(130);
  const certified = crypto.randomBytes(400);
  const chainSignature = crypto.sign('sha256', certified, crypto.createPrivateKey(ca.key));
  const seal = records(16, 'aes-128-gcm', new Uint8Array(100));
  return async (count) => {
    for (let i = 0; i < count; i++) {
      agreement();
      if (!resumed) {
        const signature = crypto.sign('sha256', content, { key: signer, ...options });
        crypto.verify('sha256', content, { key: leaf, ...options }, signature);
        crypto.verify('sha256', certified, issuer, chainSignature);
      }
      for (let j = 0; j < HMACS; j++) crypto.createHmac('sha256', content.subarray(0, 32)).update(content.subarray(0, 54)).digest();
      for (const side of [1, 2]) {
        const transcript = crypto.createHash('sha256').update(certified);
        for (let j = 0; j < SNAPSHOTS / side; j += 2) transcript.copy().digest();
      }
      for (let j = 0; j < SMALL_RECORDS; j++) seal();
    }
  };
}

/** Both sides' X25519. A random JWK is imported, since Node 20 may hang in what exports a generated pair as one. */
function agreement() {
  const pairs = [pair(), pair()];
  for (const i of [0, 1]) {
    const publicKey = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: pairs[1 - i].x }, format: 'jwk' });
    crypto.diffieHellman({ privateKey: pairs[i].privateKey, publicKey });
  }
}

const filler = 'A'.repeat(43);
function pair() {
  if (Number.parseInt(process.versions.node, 10) >= 26) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync('x25519');
    return { privateKey, x: publicKey.export({ format: 'jwk' }).x };
  }
  const d = crypto.randomBytes(32).toString('base64url');
  const privateKey = crypto.createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: filler }, format: 'jwk' });
  return { privateKey, x: privateKey.export({ format: 'jwk' }).x };
}

/** One record sealed and opened. */
function records(keyLength, cipher, plaintext) {
  const key = crypto.createSecretKey(crypto.randomBytes(keyLength));
  const nonce = crypto.randomBytes(12);
  const aad = crypto.randomBytes(5);
  const options = { authTagLength: 16 };
  return () => {
    const sealing = crypto.createCipheriv(cipher, key, nonce, options).setAAD(aad);
    const ciphertext = sealing.update(plaintext);
    sealing.final();
    const opening = crypto.createDecipheriv(cipher, key, nonce, options).setAAD(aad).setAuthTag(sealing.getAuthTag());
    opening.update(ciphertext);
    opening.final();
  };
}

const CIPHERS = {
  TLS_AES_128_GCM_SHA256: [16, 'aes-128-gcm'],
  TLS_AES_256_GCM_SHA384: [32, 'aes-256-gcm'],
  TLS_CHACHA20_POLY1305_SHA256: [32, 'chacha20-poly1305'],
};

export function bulk({ suite }, chunk) {
  const full = Math.floor(chunk.length / 16_384);
  const rest = chunk.length % 16_384;
  const one = records(...CIPHERS[suite], new Uint8Array(16_385));
  const last = records(...CIPHERS[suite], new Uint8Array(rest + 1));
  return async (count) => {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < full; j++) one();
      if (rest > 0) last();
    }
  };
}

export function echoes(_setup, message) {
  const one = records(16, 'aes-128-gcm', message);
  return async (count) => {
    for (let i = 0; i < 2 * count; i++) one();
  };
}
