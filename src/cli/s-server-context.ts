import { existsSync } from 'node:fs';
import { fromUtf8, sameBytes, utf8 } from '../bytes/bytes.ts';
import { Credentials } from '../config/credentials.ts';
import { readDhParameters } from '../config/dh-parameters.ts';
import { EchKeys, echKeysFromPem } from '../config/ech-keys.ts';
import { SecureContext } from '../node/index.ts';
import { ALERTS } from '../registry/alerts.ts';
import { OPTIONS, SESSION_CACHE, VERIFY } from '../registry/options.ts';
import { SslContext } from '../ssl/context.ts';
import type { Ssl } from '../ssl/ssl.ts';
import type { Arguments } from './arguments.ts';
import { loadIdentity, pskOf, readInput, trustOf } from './identity-options.ts';
import { observe } from './observe.ts';
import type { Terminal } from './terminal.ts';
import { draftOf } from './tls-options.ts';
import { verifyOutput } from './verify-output.ts';

/** OpenSSL's command numbers its session id context 1. */
const DEFAULT_ID_CONTEXT = Uint8Array.of(1, 0, 0, 0);

/** What s_server's words make of its connections: a context, a second one for another name, and the choices between them. */
export class ServerContext {
  readonly secure: SecureContext;
  private readonly args: Arguments;
  private readonly terminal: Terminal;
  private readonly second: SslContext | undefined;

  constructor(args: Arguments, terminal: Terminal) {
    this.args = args;
    this.terminal = terminal;
    this.announceVerification();
    this.secure = this.makeContext();
    if (!args.has('nocert')) this.loadCertificates();
    this.second = args.has('servername') ? this.makeSecond(args) : undefined;
  }

  private announceVerification(): void {
    const { args, terminal } = this;
    const demanded = args.number('Verify');
    const depth = demanded ?? args.number('verify');
    if (depth === undefined || args.has('quiet')) return;
    terminal.errors.write(`verify depth is ${depth}${demanded === undefined ? '' : ', must return a certificate'}\n`);
  }

  private makeContext(): SecureContext {
    const { args, terminal } = this;
    const draft = draftOf(args, new SslContext().get('options'));
    if (args.has('no_anti_replay')) draft.options |= OPTIONS.NO_ANTI_REPLAY;
    observe(args, draft, terminal.output, terminal.errors);
    const depth = args.number('Verify') ?? args.number('verify');
    const psk = pskOf(args);
    const status = args.text('status_file');
    const response = status === undefined ? undefined : new Uint8Array(readInput(status, 'OCSP response'));
    const context = args.text('context');
    const recvMax = args.number('recv_max_early_data');
    const earlyData = args.number('max_early_data') ?? (args.has('early_data') ? 16_384 : 0);
    const trust = trustOf(args);
    const dhParameters = args.text('dhparam');
    Object.assign(draft.settings, {
      options: draft.options,
      certStore: trust,
      verifyParam: draft.verify,
      verifyMode:
        depth === undefined ? VERIFY.NONE : VERIFY.PEER | VERIFY.CLIENT_ONCE | (args.has('Verify') ? VERIFY.FAIL_IF_NO_PEER_CERT : 0),
      verifyCallback: verifyOutput(terminal.errors, {
        returnError: args.has('verify_return_error'),
        quiet: args.has('verify_quiet'),
        depth,
      }),
      sessionIdContext: context === undefined ? DEFAULT_ID_CONTEXT : utf8(context),
      maxEarlyData: earlyData,
      serverNameCallback: (ssl: Ssl, name: string | undefined) => this.chooseContext(ssl, name),
      ...(earlyData > 0 && { recvMaxEarlyData: recvMax ?? earlyData }),
      ...(args.has('num_tickets') && { numTickets: args.number('num_tickets') }),
      ...(args.has('no_cache') && { sessionCacheMode: SESSION_CACHE.OFF }),
      ...(args.has('alpn') && { alpnSelectCallback: (_ssl: Ssl, offered: readonly Uint8Array[]) => this.chooseProtocol(offered) }),
      ...(psk !== undefined && {
        pskServerCallback: (_ssl: Ssl, identity: Uint8Array) => (sameBytes(identity, psk.identity) ? psk : undefined),
      }),
      ...(dhParameters !== undefined && { tmpDh: readDhParameters(readInput(dhParameters, 'DH parameters')) }),
      ...(args.has('no_dhe') && { dhAuto: 0 }),
      ...(args.has('psk_hint') && { pskIdentityHint: args.text('psk_hint') }),
      ...(args.has('ech_key') && {
        echKeys: new EchKeys(args.all('ech_key').flatMap((path) => echKeysFromPem(readInput(path, 'ECH key')))),
      }),
      ...(response !== undefined && { statusCallback: () => response }),
      ...(depth !== undefined && !args.has('no_ca_names') && namesFrom(args, trust.certificates)),
    });
    return new SecureContext({ ssl: draft.settings });
  }

  private loadCertificates(): void {
    const { args } = this;
    this.say(args.has('dhparam') ? 'Setting temp DH parameters\n' : 'Using default temp DH parameters\n');
    const cert = args.text('cert') ?? (existsSync('server.pem') || !args.has('psk') ? 'server.pem' : undefined);
    if (cert !== undefined) loadIdentity(this.secure.context, cert, args, args.text('key') ?? cert);
    const second = args.text('dcert');
    if (second !== undefined) loadIdentity(this.secure.context, second, args, args.text('dkey') ?? second);
  }

  /** The same settings with another certificate. */
  private makeSecond(args: Arguments): SslContext {
    this.say('Setting secondary ctx parameters\n');
    const other = this.secure.context.clone().set('credentials', Credentials.none);
    const cert = args.text('cert2') ?? 'server2.pem';
    loadIdentity(other, cert, args, args.text('key2') ?? cert);
    return other;
  }

  private chooseContext(ssl: Ssl, name: string | undefined): 'ok' | 'noack' | { readonly alert: number } {
    if (name !== undefined) this.say(`Hostname in TLS extension: "${name}"\n`);
    if (this.second === undefined) return 'noack';
    if (name === undefined) return 'ok';
    if (name.toLowerCase() !== this.args.text('servername')?.toLowerCase())
      return this.args.has('servername_fatal') ? { alert: ALERTS.unrecognized_name } : 'ok';
    this.say('Switching server context.\n');
    ssl.setContext(this.second);
    return 'ok';
  }

  private chooseProtocol(offered: readonly Uint8Array[]): Uint8Array | { readonly alert: number } {
    const own = (this.args.text('alpn') ?? '')
      .split(',')
      .filter((name) => name !== '')
      .map(utf8);
    this.say(`ALPN protocols advertised by the client: ${offered.map(fromUtf8).join(', ')}\n`);
    const chosen = own.find((name) => offered.some((other) => sameBytes(name, other)));
    if (chosen === undefined) return { alert: ALERTS.no_application_protocol };
    this.say(`ALPN protocols selected: ${fromUtf8(chosen)}\n`);
    return chosen;
  }

  /** Tells what is only of interest to who runs the server. */
  say(text: string): void {
    if (!this.args.has('quiet') && !this.args.has('brief')) this.terminal.output.write(text);
  }
}

/** Names of the authorities in -CAfile, for clients to choose a certificate by. */
function namesFrom(args: Arguments, certificates: readonly { readonly subject: { readonly raw: Uint8Array } }[]): object {
  return args.has('CAfile') ? { clientCaList: certificates.map(({ subject }) => subject.raw) } : {};
}
