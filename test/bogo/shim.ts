/**
 * A program that BoringSSL's TLS test runner (BoGo) talks to: it connects to the runner, does what the flags say with the
 * public API, and checks what they expect. Exit codes: 0 all is well, 1 with a reason on stderr, 89 the test does not apply.
 */
import { writeSync } from 'node:fs';
import { PeerAlert, SslError, type SslSession } from '../../src/index.ts';
import { checkRejection } from './checks.ts';
import { Exchange } from './exchange.ts';
import { type FlagSets, parseFlags, Unimplemented } from './flags.ts';
import { MockQuic } from './quic.ts';
import { type Kept, makeConnection } from './settings.ts';
import { clock, demand, State } from './state.ts';
import { dial } from './transport.ts';

const UNIMPLEMENTED = 89;

async function run(sets: FlagSets): Promise<void> {
  const kept: Kept = { ticketKeys: [crypto.getRandomValues(new Uint8Array(80))], sessions: new Map() };
  let session: SslSession | undefined;
  for (let i = 0; i <= (sets.initial['resume-count'] ?? 0); i++) {
    const flags = i === 0 ? sets.initial : sets.resume;
    demand(i === 0 || flags.server || session !== undefined, 'no session to offer');
    const state = new State(sets, i > 0);
    const ssl = makeConnection(state, kept, session);
    const bio = await dial(flags.ipv6 ? '::1' : '127.0.0.1', flags.port ?? 0, flags['shim-id'] ?? '0', flags.async && !flags.quic);
    const quic = flags.quic ? new MockQuic(bio) : undefined;
    if (quic === undefined) ssl.setBio(bio);
    else ssl.set('quicMethod', quic);
    try {
      await new Exchange(ssl, bio, quic, state, i > 0).run();
    } catch (error) {
      // A failed connection still has its alert to say, however slowly the bytes go out.
      if (ssl.failure !== undefined) while (!ssl.flush()) bio.letWrite();
      checkRejection(ssl, state.flags);
      throw error;
    } finally {
      await bio.close();
    }
    session = state.newSession ?? session;
    clock.now += 1000 * (flags['resumption-delay'] ?? 0);
  }
}

/** The reason as OpenSSL and BoringSSL print it, between colons. */
function explain(error: unknown): string {
  if (error instanceof PeerAlert) return `:${error.reason}: alert ${error.alertCode}`;
  if (error instanceof SslError) return `:${error.reason}: ${error.message}`;
  return error instanceof Error ? `${error.stack}` : String(error);
}

async function main(): Promise<number> {
  const sets = parseFlags(process.argv.slice(2));
  if (sets.initial['is-handshaker-supported']) {
    writeSync(1, 'No\n');
    return 0;
  }
  await run(sets);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Unimplemented) process.exitCode = UNIMPLEMENTED;
  else {
    process.exitCode = 1;
    writeSync(2, `${explain(error)}\n`);
  }
}
process.exit();
