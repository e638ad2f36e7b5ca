/** What the runner expects of a connection after its handshake and at its end. */
import { readFileSync } from 'node:fs';
import { type Connection, type Ssl, TLS1_3_VERSION } from '../../src/index.ts';
import { parseCertificates } from '../../src/x509/index.ts';
import type { Flags } from './flags.ts';
import { demand, Mismatch, type State } from './state.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

/** While a client's early data is under way hardly anything is known of the peer. */
export function checkEarlyState(ssl: Ssl, flags: Flags): void {
  demand(!flags['expect-no-offer-early-data'], 'early data was offered');
  checkEch(ssl, flags);
}

function checkEch({ echAccepted }: Ssl, flags: Flags): void {
  demand(echAccepted === flags['expect-ech-accept'], `ECH was ${echAccepted ? '' : 'not '}accepted`);
}

/** After a failure: the configs that a client should try again with. */
export function checkRejection(ssl: Ssl, flags: Flags): void {
  const { 'expect-ech-retry-configs': configs, 'expect-no-ech-retry-configs': none } = flags;
  if (configs === undefined && !none) return;
  demand(ssl.failure?.reason === 'ECH_REJECTED' && ssl.echRetryConfigs !== undefined, 'ECH was not rejected');
  demand(hex(ssl.echRetryConfigs) === hex(configs), 'other retry configs were expected');
}

export function checkHandshake(ssl: Ssl, state: State, isResumption: boolean): void {
  const { flags } = state;
  const { connection } = ssl;
  if (connection === undefined) throw new Mismatch('no connection');
  checkAuthentication(connection, flags);
  checkNegotiated(connection, flags);
  checkEch(ssl, flags);
  demand(state.handshakes > 0, 'the handshake was not completed');
  demand(
    connection.reused === (isResumption && !flags['expect-session-miss']),
    `the session was${connection.reused ? '' : ' not'} resumed`,
  );
  checkNewSession(connection, state, isResumption);
  checkRetry(connection, state);
  if (flags.server) demand(state.earlyCallbackCalled, 'the ClientHello callback was not called');
  const { 'expect-server-name': name } = flags;
  demand(name === undefined || state.serverName === name, `the server name was ${state.serverName}`);
  if (connection.ownPsk === undefined) checkPeerCertificate(connection, flags);
  else demand(connection.peerChain.length === 0, 'the peer sent a certificate');
  const { 'expect-quic-transport-params': parameters } = flags;
  demand(parameters === undefined || hex(connection.peerQuicTransportParams) === hex(parameters), 'QUIC transport params mismatch');
  const { 'expect-selected-credential': expected } = flags;
  const selected = ssl.get('credentials').list.findIndex((one) => one === ssl.selectedCredential);
  demand(expected === undefined || selected === expected, `credential ${selected} was used, not ${expected}`);
  demand(!flags['expect-accept-early-data'] || connection.earlyData === 'accepted', 'early data was not accepted');
  demand(!flags['expect-reject-early-data'] || connection.earlyData !== 'accepted', 'early data was accepted');
}

function checkNewSession(connection: Connection, state: State, isResumption: boolean): void {
  const { flags } = state;
  const got = state.newSession !== undefined;
  if (!flags.server && connection.version < TLS1_3_VERSION) {
    const due = !flags['expect-no-session'] && (!connection.reused || flags['expect-ticket-renewal']);
    demand(got === due, `a session was${got ? '' : ' not'} established`);
  }
  if (isResumption) return;
  demand(!flags['expect-session-id'] || got, 'the session was not cached');
  demand(!flags['expect-no-session-id'] || !got, 'the session was cached');
}

/** A HelloRetryRequest is a ServerHello too many. */
function checkRetry({ version }: Connection, { flags, trace }: State): void {
  const retried = version >= TLS1_3_VERSION && trace.split('\n').filter((line) => line.endsWith(' hs 2')).length > 1;
  demand(!flags['expect-hrr'] || retried, 'no HelloRetryRequest was used');
  demand(!flags['expect-no-hrr'] || !retried, 'a HelloRetryRequest was used');
}

function checkPeerCertificate({ peerChain }: Connection, flags: Flags): void {
  if (flags['expect-no-peer-cert'] || flags.psk !== undefined || flags['expect-peer-rpk-sha256'] !== undefined)
    demand(peerChain.length === 0, 'the peer sent a certificate');
  else if (!flags.server || flags['require-any-client-certificate']) demand(peerChain.length > 0, 'the peer sent no certificate');
}

/** What must not change in a renegotiation either. */
export function checkAuthentication(connection: Connection, flags: Flags): void {
  const { 'expect-ocsp-response': staple, 'expect-signed-cert-timestamps': timestamps, 'expect-peer-cert-file': file } = flags;
  demand(staple === undefined || hex(connection.ocspResponse) === hex(staple), 'OCSP response mismatch');
  demand(timestamps === undefined || hex(connection.signedCertificateTimestamps) === hex(timestamps), 'SCT list mismatch');
  if (flags['expect-verify-result']) {
    const expected = flags['verify-fail'] ? 'APPLICATION_VERIFICATION' : 'OK';
    demand(connection.verifyResult === expected, `the verification result is ${connection.verifyResult}`);
  }
  if (file === undefined) return;
  const expected = parseCertificates(readFileSync(file, 'utf8'));
  const same =
    connection.peerChain.length === expected.length && connection.peerChain.every((one, i) => hex(one.der) === hex(expected[i]?.der));
  demand(same, 'the peer sent other certificates');
}

function checkNegotiated(connection: Connection, flags: Flags): void {
  const { version, suite, group, reused, peerSignatureScheme, alpn, extendedMasterSecret, secureRenegotiation } = connection;
  const equal = (what: string, expected: number | undefined, got: number | undefined): void =>
    demand(
      expected === undefined || expected === got,
      `${what} is 0x${(got ?? 0).toString(16)}, expected 0x${(expected ?? 0).toString(16)}`,
    );
  equal('the version', flags['expect-version'], version);
  equal('the peer’s certificate type', flags['expect-peer-certificate-type'], connection.peerCertificateType);
  equal('the suite', flags['expect-cipher'], suite?.id);
  // Every machine that this library runs on fast has them.
  equal('the suite', flags['expect-cipher-aes'], suite?.id);
  equal('the group', flags['expect-curve-id'], group);
  // As in OpenSSL, a resumption has no signature of its own to speak of.
  if (!reused) equal('the signature algorithm', flags['expect-peer-signature-algorithm'], peerSignatureScheme);
  const expected = (flags.server ? flags['select-alpn'] : flags['expect-alpn']) ?? '';
  demand(text(alpn) === expected, `the ALPN protocol is ${JSON.stringify(text(alpn))}`);
  demand(!flags['expect-extended-master-secret'] || version >= TLS1_3_VERSION || extendedMasterSecret, 'no extended master secret');
  demand(!flags['expect-secure-renegotiation'] || version >= TLS1_3_VERSION || secureRenegotiation, 'no secure renegotiation');
  demand(!flags['expect-no-secure-renegotiation'] || !secureRenegotiation, 'secure renegotiation');
}

/** When the peer has said all it will. */
export function checkEnd(ssl: Ssl, state: State): void {
  const { flags } = state;
  const { connection } = ssl;
  if (connection === undefined) return;
  if (!flags.server && connection.version >= TLS1_3_VERSION) {
    const due = !flags['expect-no-session'] && !flags['shim-shuts-down'];
    demand((state.newSession !== undefined) === due, `a session was${due ? ' not' : ''} established`);
    const early = (state.newSession?.data.maxEarlyData ?? 0) > 0;
    demand(!due || early === flags['expect-ticket-supports-early-data'], `the ticket does${early ? '' : ' not'} allow early data`);
  }
  const renegotiations = state.handshakes - 1;
  if (renegotiations > 0) checkAuthentication(connection, flags);
  const { 'expect-total-renegotiations': expected = 0, 'expect-msg-callback': trace } = flags;
  demand(renegotiations === expected || state.handshakes === 0, `${renegotiations} renegotiations`);
  demand(trace === undefined || state.trace === trace, `the trace of messages was\n${state.trace}`);
}
