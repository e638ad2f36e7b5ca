import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../bytes/bytes.ts';
import { jsProvider } from './js.ts';
import { nodeProvider } from './node.ts';
import { agreementKey } from './node-agreement.ts';
import { KeySchedule, keySchedule } from './schedule-tls13.ts';

const keysOf = ({ key, iv }: { key: Uint8Array; iv: Uint8Array }): readonly [string, string] => [toHex(key), toHex(iv)];

for (const provider of [nodeProvider, jsProvider]) {
  const schedule = new KeySchedule(provider, 'sha256');
  const hash = (...messages: readonly Uint8Array[]): Uint8Array => provider.digest('sha256', concat(...messages));

  describe(`RFC 8448, section 3, a simple handshake (${provider.name})`, () => {
    const shared = fromHex('8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d');
    const helloHash = fromHex('860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8');
    const serverFinishedHash = fromHex('9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13');
    const clientFinishedHash = fromHex('209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d');
    const early = schedule.earlySecret();
    const handshake = schedule.handshakeSecret(undefined, shared);
    const main = schedule.mainSecret(handshake);

    it('agrees on the shared secret from the private keys of the trace', async () => {
      const client = agreementKey('x25519', fromHex('49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005'));
      expect(toHex(client.publicKey)).toBe('99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c');
      const server = fromHex('c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f');
      expect(toHex((await client.agree(server)) ?? new Uint8Array())).toBe(toHex(shared));
    });

    it('walks down the main line', () => {
      expect(toHex(early)).toBe('33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a');
      expect(toHex(schedule.deriveSecret(early, 'derived'))).toBe('6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba');
      expect(toHex(handshake)).toBe('1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac');
      expect(toHex(schedule.handshakeSecret(early, shared))).toBe(toHex(handshake));
      expect(toHex(schedule.deriveSecret(handshake, 'derived'))).toBe('43de77e0c77713859a944db9db2590b53190a65b3ee2e4f12dd7a0bb7ce254b4');
      expect(toHex(main)).toBe('18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919');
    });

    it('derives the handshake traffic secrets, their keys and the Finished values', () => {
      const [client, server] = schedule.deriveSecrets(handshake, helloHash, 'c hs traffic', 's hs traffic');
      expect(toHex(client)).toBe('b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21');
      expect(toHex(server)).toBe('b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38');
      expect(keysOf(schedule.trafficKeys(client, 16))).toEqual(['dbfaa693d1762c5b666af5d950258d01', '5bd3c71b836e0b76bb73265f']);
      expect(keysOf(schedule.trafficKeys(server, 16))).toEqual(['3fce516009c21727d0f2e4e86ee403bc', '5d313eb2671276ee13000b30']);
      expect(toHex(schedule.finishedKey(server))).toBe('008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8');
      expect(toHex(schedule.finishedKey(client))).toBe('b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4');
      expect(toHex(schedule.hmac(schedule.finishedKey(client), serverFinishedHash))).toBe(
        'a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61',
      );
    });

    it('derives the application secrets, their keys and the exporter secret', () => {
      const [client, server, exporter] = schedule.deriveSecrets(main, serverFinishedHash, 'c ap traffic', 's ap traffic', 'exp master');
      expect(toHex(client)).toBe('9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5');
      expect(toHex(server)).toBe('a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643');
      expect(toHex(exporter)).toBe('fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50');
      expect(keysOf(schedule.trafficKeys(server, 16))).toEqual(['9f02283b6c9c07efc26bb9f2ac92e356', 'cf782b88dd83549aadf1e984']);
      expect(keysOf(schedule.trafficKeys(client, 16))).toEqual(['17422dda596ed5d9acd890e3c63f5051', '5b78923dee08579033e523d9']);
    });

    it('derives the resumption secret and the PSK of the ticket', () => {
      const resumption = schedule.deriveSecret(main, 'res master', clientFinishedHash);
      expect(toHex(resumption)).toBe('7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c');
      expect(toHex(schedule.resumptionPsk(resumption, fromHex('0000')))).toBe(
        '4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3',
      );
    });
  });

  describe(`RFC 8448, section 4, a resumed handshake with early data (${provider.name})`, () => {
    const clientHelloToBinders = fromHex(
      '010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95000006130113031302010001cd0000000b0009000006736572766572ff01000100000a00140012001d00170018001901000101010201030104003300260024001d0020e4ffb68ac05f8d96c99da26698346c6be16482badddafe051a66b4f18d668f0b002a0000002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00020101001c0002400100150057' +
        '00'.repeat(0x57) +
        '002900dd00b800b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf1b0070ad3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827db279cce145077d454a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228bda40dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343694093934ae4d357fad6aacb',
    );
    const binder = '3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d';
    const clientHello = concat(clientHelloToBinders, fromHex(`002120${binder}`));
    const serverHello = fromHex(
      '0200005c03033ccfd2dec890222763472ae8136777c9d7358777bb66e91ea5122495f559ea2d00130100003400290002000000330024001d0020121761ee42c333e1b9e77b60dd57c2053cd94512ab47f115e86eff50942cea31002b00020304',
    );
    const encryptedExtensions = fromHex('080000280026000a00140012001d00170018001901000101010201030104001c0002400100000000002a0000');
    const serverFinished = fromHex('1400002048d3e0e1b3d907c6acff145e16090388c77b05c050b634ab1a88bbd0dd1a34b2');
    const endOfEarlyData = fromHex('05000000');
    const clientFinished = fromHex('140000207230a9c952c25cd6138fc5e6628308c41c5335dd81b9f96bcea50fd32bda416d');
    const flights = [clientHello, serverHello, encryptedExtensions, serverFinished] as const;

    const early = schedule.earlySecret(fromHex('4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3'));
    const handshake = schedule.handshakeSecret(early, fromHex('f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e'));
    const main = schedule.mainSecret(handshake);

    it('makes the binder', () => {
      expect(toHex(early)).toBe('9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c');
      const key = schedule.binderKey(early, 'resumption');
      expect(toHex(key)).toBe('69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256');
      const finishedKey = schedule.finishedKey(key);
      expect(toHex(finishedKey)).toBe('5588673e72cb59c87d220caffe94f2dea9a3b1609f7d50e90a48227db9ed7eaa');
      expect(toHex(hash(clientHelloToBinders))).toBe('63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14');
      expect(toHex(schedule.hmac(finishedKey, hash(clientHelloToBinders)))).toBe(binder);
    });

    it('opens the early data with the keys of the early traffic secret', () => {
      const [traffic, exporter] = schedule.deriveSecrets(early, hash(clientHello), 'c e traffic', 'e exp master');
      expect(toHex(traffic)).toBe('3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62');
      expect(toHex(exporter)).toBe('b2026866610937d7423e5be90862ccf24c0e6091186d34f812089ff5be2ef7df');
      const keys = schedule.trafficKeys(traffic, 16);
      expect(keysOf(keys)).toEqual(['920205a5b7bf2115e6fc5c2942834f54', '6d475f0993c8e564610db2b9']);
      const record = fromHex('1703030017ab1df420e75c457a7cc5d2844f76d5aee4b4edbf049be0');
      const opened = provider.aead('aes-128-gcm', keys.key).open(keys.iv, record.subarray(0, 5), record.subarray(5));
      expect(toHex(opened ?? new Uint8Array())).toBe(`${toHex(utf8('ABCDEF'))}17`);
    });

    it('derives the handshake secrets and both Finished values', () => {
      expect(toHex(schedule.deriveSecret(early, 'derived'))).toBe('5f1790bbd82c5e7d376ed2e1e52f8e6038c9346db61b43be9a52f77ef3998e80');
      expect(toHex(handshake)).toBe('005cb112fd8eb4ccc623bb88a07c64b3ede1605363fc7d0df8c7ce4ff0fb4ae6');
      const [client, server] = schedule.deriveSecrets(handshake, hash(clientHello, serverHello), 'c hs traffic', 's hs traffic');
      expect(toHex(client)).toBe('2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f');
      expect(toHex(server)).toBe('fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803');
      expect(keysOf(schedule.trafficKeys(server, 16))).toEqual(['27c6bdc0a3dcea39a47326d79bc9e4ee', '9569ecdd4d0536705e9ef725']);
      expect(keysOf(schedule.trafficKeys(client, 16))).toEqual(['b1530806f4adfeac83f1413032bbfa82', 'eb50c16be7654abf99dd06d9']);
      const serverData = schedule.hmac(schedule.finishedKey(server), hash(clientHello, serverHello, encryptedExtensions));
      expect(toHex(serverData)).toBe(toHex(serverFinished.subarray(4)));
      const clientData = schedule.hmac(schedule.finishedKey(client), hash(...flights, endOfEarlyData));
      expect(toHex(clientData)).toBe(toHex(clientFinished.subarray(4)));
    });

    it('derives the application, exporter and resumption secrets', () => {
      expect(toHex(main)).toBe('e2d32d4ed66dd37897a0e80c84107503ce58bf8aad4cb55a5002d77ecb890ece');
      const [client, server, exporter] = schedule.deriveSecrets(main, hash(...flights), 'c ap traffic', 's ap traffic', 'exp master');
      expect(toHex(client)).toBe('2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1');
      expect(toHex(server)).toBe('cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691');
      expect(toHex(exporter)).toBe('3fd93d4ffddc98e64b14dd107aedf8ee4add23f4510f58a4592d0b201bee56b4');
      expect(keysOf(schedule.trafficKeys(server, 16))).toEqual(['e857c690a34c5a9129d833619684f95e', '0685d6b561aab9ef1013faf9']);
      expect(keysOf(schedule.trafficKeys(client, 16))).toEqual(['3cf122f301c6358ca7989553250efd72', 'ab1aec26aa78b8fc1176b9ac']);
      const resumption = schedule.deriveSecret(main, 'res master', hash(...flights, endOfEarlyData, clientFinished));
      expect(toHex(resumption)).toBe('5e95bdf1f89005ea2e9aa0ba85e728e3c19c5fe0c699e3f5bee59faebd0b5406');
    });
  });

  describe(`what the traces leave out (${provider.name})`, () => {
    const secret = Uint8Array.from({ length: 48 }, (_, i) => i);
    const hkdfLabel = (label: string, context: Uint8Array, length: number): Uint8Array =>
      concat(Uint8Array.of(length >> 8, length & 255, label.length), utf8(label), Uint8Array.of(context.length), context);
    /** HKDF-Expand by hand, over the runtime's HMAC. */
    function expand(hash: string, key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
      let block: Uint8Array = new Uint8Array();
      let out: Uint8Array = new Uint8Array();
      for (let i = 1; out.length < length; i++) {
        block = createHmac(hash, key)
          .update(concat(block, info, Uint8Array.of(i)))
          .digest();
        out = concat(out, block);
      }
      return out.subarray(0, length);
    }

    it.each(['sha256', 'sha384'] as const)('exports any length up to 255 hashes with %s', (hash) => {
      const context = utf8('context');
      const inner = expand(
        hash,
        secret,
        hkdfLabel('tls13 EXPORTER-test', provider.digest(hash, new Uint8Array()), provider.digest(hash, new Uint8Array()).length),
        provider.digest(hash, new Uint8Array()).length,
      );
      for (const length of [0, 1, 31, 32, 33, 48, 96, 100, 1000]) {
        const expected = expand(hash, inner, hkdfLabel('tls13 exporter', provider.digest(hash, context), length), length);
        expect(toHex(keySchedule(provider, hash).exporter(secret, 'EXPORTER-test', context, length))).toBe(toHex(expected));
      }
      const longest = 255 * provider.digest(hash, new Uint8Array()).length;
      expect(keySchedule(provider, hash).exporter(secret, 'x', context, longest)).toHaveLength(longest);
      expect(() => keySchedule(provider, hash).exporter(secret, 'x', context, longest + 1)).toThrow(RangeError);
    });

    it('takes labels of 249 bytes and no longer', () => {
      expect(schedule.exporter(secret, 'x'.repeat(249), new Uint8Array(), 16)).toHaveLength(16);
      expect(() => schedule.exporter(secret, 'x'.repeat(250), new Uint8Array(), 16)).toThrow(RangeError);
    });

    it('goes on without (EC)DHE from a PSK alone', () => {
      const early = schedule.earlySecret(secret);
      expect(toHex(schedule.handshakeSecret(early))).toBe(toHex(schedule.handshakeSecret(early, new Uint8Array(32))));
    });

    it('has its own binder key for each kind of PSK', () => {
      const early = schedule.earlySecret(secret);
      const keys = (['external', 'resumption', 'imported'] as const).map((kind) => toHex(schedule.binderKey(early, kind)));
      expect(new Set(keys).size).toBe(3);
    });

    it('moves a traffic secret on with "traffic upd"', () => {
      const label = hkdfLabel('tls13 traffic upd', new Uint8Array(), 48);
      expect(toHex(keySchedule(provider, 'sha384').nextTrafficSecret(secret))).toBe(toHex(expand('sha384', secret, label, 48)));
    });

    it('prefixes labels as DTLS 1.3 does, on request', () => {
      const dtls = new KeySchedule(provider, 'sha256', 'dtls13');
      expect(toHex(dtls.finishedKey(secret))).toBe(toHex(expand('sha256', secret, hkdfLabel('dtls13finished', new Uint8Array(), 32), 32)));
    });

    it('extracts as HKDF does', () => {
      const whole = new Uint8Array(hkdfSync('sha256', secret, utf8('salt'), utf8('info'), 32));
      const extracted = schedule.extract(utf8('salt'), secret);
      expect(toHex(expand('sha256', extracted, utf8('info'), 32))).toBe(toHex(whole));
    });

    it('is made once for a provider and a hash', () => {
      expect(keySchedule(provider, 'sha256')).toBe(keySchedule(provider, 'sha256'));
      expect(keySchedule(provider, 'sha384')).not.toBe(keySchedule(provider, 'sha256'));
    });
  });
}
