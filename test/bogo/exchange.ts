/** One conversation with the runner: handshake, early data, echo, close. */
import { ALERTS, type Ssl, SslUsageError, UnexpectedEof } from '../../src/index.ts';
import { checkAuthentication, checkEarlyState, checkEnd, checkHandshake } from './checks.ts';
import type { MockQuic } from './quic.ts';
import { demand, type State } from './state.ts';
import type { SocketBio } from './transport.ts';

const RECORD_SIZES = [0, 1, 255, 256, 257, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769];
/** A write that has to wait is repeated with the same bytes. */
const NOTHING = new Uint8Array();
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export class Exchange {
  private readonly ssl: Ssl;
  private readonly bio: SocketBio;
  /** What carries the connection in place of records. */
  private readonly quic: MockQuic | undefined;
  private readonly state: State;
  private readonly isResumption: boolean;
  /** Early data that came with the handshake and nobody read yet. */
  private readonly early: Uint8Array[] = [];
  private inEarlyData = false;

  constructor(ssl: Ssl, bio: SocketBio, quic: MockQuic | undefined, state: State, isResumption: boolean) {
    this.ssl = ssl;
    this.bio = bio;
    this.quic = quic;
    this.state = state;
    this.isResumption = isResumption;
  }

  async run(): Promise<void> {
    const { state, ssl } = this;
    const { flags } = state;
    await this.begin();
    if (flags['send-alert']) return this.sendAlert();
    const refused = await this.talk();
    if (refused) {
      demand(flags['expect-reject-early-data'], 'early data was refused');
      // From here on the flags are those of the retry.
      checkHandshake(ssl, state, this.isResumption);
      await this.talk();
    } else demand(flags.server || !this.isResumption || !flags['expect-reject-early-data'], 'early data was not refused');
    checkEnd(ssl, state);
    await this.shutDown();
    if (state.handshakes > 1 && ssl.connection !== undefined) checkAuthentication(ssl.connection, state.flags);
  }

  /** The handshake, or as much of it as it takes until early data can go or comes. */
  private async begin(): Promise<void> {
    const { ssl, state, isResumption } = this;
    const { flags } = state;
    const wantsEarlyData = flags['enable-early-data'];
    if (flags['implicit-handshake'] && !wantsEarlyData) return;
    if (this.quic !== undefined) await this.beginOverQuic();
    else if (wantsEarlyData && !flags.server && (ssl.session?.data.maxEarlyData ?? 0) > 0) await this.offerEarlyData();
    else if (wantsEarlyData && flags.server) await this.awaitEarlyData();
    if (this.inEarlyData) {
      if (!flags.server) checkEarlyState(ssl, flags);
      return;
    }
    await this.complete();
    if (flags['implicit-handshake']) return;
    checkHandshake(ssl, state, isResumption);
    if (flags['handshake-twice'] || flags['no-op-extra-handshake']) demand(ssl.doHandshake(), 'a second handshake call was not a no-op');
  }

  /** Early data is under way as soon as the first flight is out, on a client, or in and answered, on a server. */
  private async beginOverQuic(): Promise<void> {
    const { ssl } = this;
    for (;;) {
      const done = ssl.doHandshake();
      const early = ssl.connection?.earlyData;
      this.inEarlyData = !done && (ssl.isServer ? early === 'accepted' && ssl.quicWriteLevel === 'application' : early === 'offered');
      if (done || this.inEarlyData) return;
      await this.wait();
    }
  }

  private async offerEarlyData(): Promise<void> {
    const { ssl } = this;
    for (;;) {
      try {
        ssl.writeEarlyData(NOTHING);
      } catch (error) {
        // The session does not fit what is offered now: it is an ordinary handshake.
        if (error instanceof SslUsageError && error.reason === 'BAD_EARLY_DATA' && ssl.failure === undefined) return;
        throw error;
      }
      this.inEarlyData = ssl.connection?.earlyData === 'offered';
      if (this.inEarlyData && ssl.unwritten === 0) return;
      if (ssl.want !== 'nothing' && ssl.want !== 'early_data') await this.wait();
    }
  }

  /** Server: on until the answer is out and early data comes, or none will. */
  private async awaitEarlyData(): Promise<void> {
    const { ssl } = this;
    for (;;) {
      const chunk = ssl.readEarlyData();
      if (chunk === 'finish') return;
      this.inEarlyData = ssl.connection?.earlyData === 'accepted';
      if (chunk !== undefined) this.early.push(chunk);
      if (this.inEarlyData && (chunk !== undefined || ssl.want === 'read')) return;
      if (chunk === undefined) await this.wait();
    }
  }

  private async complete(): Promise<void> {
    while (!this.ssl.doHandshake()) {
      if (this.ssl.want === 'zero_return') demand(false, 'the peer closed within the handshake');
      await this.wait();
    }
  }

  /** True where early data was refused, so that everything is to be said again. */
  private async talk(): Promise<boolean> {
    const { ssl, state } = this;
    const { flags } = state;
    await this.exportSecrets();
    const hello = latin1(flags['shim-initial-write'] ?? 'hello');
    if (flags['write-different-record-sizes']) {
      for (const size of RECORD_SIZES) await this.write(new Uint8Array(size).fill(0x42));
    }
    if (flags['write-different-record-sizes']) return false;
    if (flags['read-with-unfinished-write']) {
      this.bio.letWrite();
      demand(
        (this.inEarlyData ? ssl.writeEarlyData(hello) : ssl.write(hello)) === 0 && ssl.want === 'write',
        'the write was not left unfinished',
      );
    } else if (flags['shim-writes-first']) {
      for (let i = 0; i < (flags['repeat-shim-initial-write'] ?? 1); i++) await this.write(hello);
    }
    if (flags['shim-shuts-down']) {
      if (this.inEarlyData) await this.leaveEarlyData();
      return false;
    }
    for (let first = true; ; first = false) {
      if (flags['key-update-before-read']) ssl.keyUpdate(false);
      const data = await this.read(flags['read-size'] ?? 512);
      if (data === 'refused') return true;
      if (data === 'end') return false;
      if (first && flags['read-with-unfinished-write']) await this.write(hello);
      if (flags['key-update']) ssl.keyUpdate(false);
      await this.write(data.map((byte) => byte ^ 0xff));
    }
  }

  private async exportSecrets(): Promise<void> {
    const { ssl, state } = this;
    const { flags } = state;
    const length = flags['export-keying-material'] ?? 0;
    if (length > 0) {
      const context = flags['use-export-context'] ? latin1(flags['export-context'] ?? '') : undefined;
      if (this.inEarlyData && flags.server) await this.leaveEarlyData();
      await this.write(ssl.exportKeyingMaterial(length, flags['export-label'] ?? '', context));
    }
    if (flags['export-traffic-secrets']) {
      const { readSecret = new Uint8Array(), writeSecret = new Uint8Array() } = ssl.connection ?? {};
      await this.write(Uint8Array.of(readSecret.length & 0xff, readSecret.length >>> 8));
      await this.write(readSecret);
      await this.write(writeSecret);
    }
    if (flags['tls-unique']) {
      const { ownFinished, peerFinished, reused = false, extendedMasterSecret = false } = ssl.connection ?? {};
      // RFC 7627, 5.4: without the extended master secret it is not unique in a resumption.
      demand(!reused || extendedMasterSecret, 'failed to get tls-unique');
      // RFC 5929, 3.1: the first Finished of the handshake.
      await this.write((flags.server === reused ? ownFinished : peerFinished) ?? new Uint8Array());
    }
  }

  // ---- data

  private async write(bytes: Uint8Array): Promise<void> {
    const { ssl, quic } = this;
    if (quic !== undefined) return quic.write(ssl, bytes);
    let rest = bytes;
    do {
      const early = this.inEarlyData && !this.state.flags.server;
      const budget = early ? (ssl.connection?.earlyDataBudget ?? 0) : rest.length;
      // What is too much for early data waits for the handshake.
      if (early && budget === 0) await this.leaveEarlyData();
      const piece = budget > 0 ? rest.subarray(0, budget) : rest;
      const count = this.inEarlyData ? ssl.writeEarlyData(piece) : ssl.write(piece);
      if (count === 0 && rest.length > 0) await this.wait();
      rest = rest.subarray(count);
    } while (rest.length > 0);
  }

  private async read(max: number): Promise<Uint8Array | 'end' | 'refused'> {
    const { ssl, quic } = this;
    if (quic !== undefined) return this.readOverQuic(quic);
    if (this.inEarlyData && (await this.readEarly()) === 'refused') return 'refused';
    const early = this.early.shift();
    if (early !== undefined) {
      if (early.length > max) this.early.unshift(early.subarray(max));
      return early.slice(0, max);
    }
    for (;;) {
      const data = this.readOnce(max);
      if (data !== undefined) return data;
      if (ssl.want === 'zero_return') return 'end';
      await this.wait();
    }
  }

  private async readOverQuic(quic: MockQuic): Promise<Uint8Array | 'end' | 'refused'> {
    const { ssl } = this;
    while (quic.data.length === 0) {
      if (!(await quic.receive(ssl))) return 'end';
      if (ssl.isInitFinished) continue;
      while (!ssl.doHandshake() && ssl.want !== 'read') await ssl.settled;
      if (ssl.isInitFinished && this.inEarlyData) {
        await this.leaveEarlyData();
        if (ssl.connection?.earlyData === 'rejected') return 'refused';
      }
    }
    return quic.data.shift() ?? 'end';
  }

  private readOnce(max: number): Uint8Array | 'end' | undefined {
    const { ssl } = this;
    const { flags } = this.state;
    try {
      const peeked = flags['peek-then-read'] ? ssl.peek(max)?.slice() : undefined;
      const data = flags['peek-then-read'] && peeked === undefined ? undefined : ssl.read(max)?.slice();
      if (flags['use-exporter-between-reads']) ssl.exportKeyingMaterial(1, '');
      if (peeked !== undefined) demand(data !== undefined && Buffer.compare(peeked, data) === 0, 'peek and read differ');
      return data;
    } catch (error) {
      // An end without close_notify ends the echo as well; whether it is a failure shows when we shut down.
      if (error instanceof UnexpectedEof) return 'end';
      throw error;
    }
  }

  /** Server: the next early data. Client: what the server says to ours, which is the rest of the handshake. */
  private async readEarly(): Promise<'refused' | undefined> {
    const { ssl } = this;
    if (!this.state.flags.server) {
      await this.leaveEarlyData();
      return ssl.connection?.earlyData === 'rejected' ? 'refused' : undefined;
    }
    while (this.early.length === 0) {
      const chunk = ssl.readEarlyData();
      if (chunk === 'finish') {
        await this.leaveEarlyData();
        return undefined;
      }
      if (chunk === undefined) await this.wait();
      else this.early.push(chunk);
    }
    return undefined;
  }

  private async leaveEarlyData(): Promise<void> {
    this.inEarlyData = false;
    await this.complete();
    if (this.ssl.connection?.earlyData !== 'rejected') checkHandshake(this.ssl, this.state, this.isResumption);
  }

  private sendAlert(): void {
    if (this.ssl.sendFatalAlert(ALERTS.decompression_failure)) return;
    while (!this.ssl.flush()) this.bio.letWrite();
  }

  private async shutDown(): Promise<void> {
    const { ssl, state } = this;
    const { flags } = state;
    // It is QUIC that says goodbye.
    if (this.quic !== undefined) return;
    const twice = flags['shim-shuts-down'] && flags['check-close-notify'];
    for (const expected of twice ? [false, true] : [true]) {
      let done = ssl.shutdown();
      while (!done && ssl.want !== 'nothing' && ssl.want !== 'zero_return') {
        await this.wait();
        done = ssl.shutdown();
      }
      demand(done === expected, `the shutdown said ${done}`);
    }
  }

  /** For what the last call stopped for. */
  private async wait(): Promise<void> {
    const { ssl, bio, quic } = this;
    if (ssl.settled !== undefined) await ssl.settled;
    else if (quic !== undefined && ssl.want === 'read') demand(await quic.receive(ssl), 'the peer closed within the handshake');
    else if (ssl.want === 'read') await bio.letRead();
    else if (ssl.want === 'write' || ssl.unwritten > 0) bio.letWrite();
  }
}
