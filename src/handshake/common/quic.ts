/** What a handshake over QUIC has and one over records has not (RFC 9001, 8). */
import { copyOf } from '../../bytes/bytes.ts';
import { type ExtensionBlock, encode } from '../../extensions/extension.ts';
import { quicTransportParameters, quicTransportParametersLegacy } from '../../extensions/quic-transport-parameters.ts';
import { fatal } from '../../registry/fatal.ts';
import type { RawExtension } from '../../wire/message.ts';
import type { Connection } from '../connection.ts';

/** 0-RTT over QUIC has no bound here: flow control is QUIC's (RFC 9001, 4.6.1). */
export const QUIC_EARLY_DATA = 0xffff_ffff;

const definitionFor = (connection: Connection) =>
  connection.get('quicLegacyCodepoint') ? quicTransportParametersLegacy : quicTransportParameters;

/** Our transport parameters: over QUIC they MUST be there, elsewhere they MUST NOT (RFC 9001, 8.2). */
export function ownTransportParameters(connection: Connection, place: 'CH' | 'EE'): readonly RawExtension[] {
  const parameters = connection.get('quicTransportParams');
  if ((parameters !== undefined) !== (connection.quic !== undefined)) fatal('internal_error', 'QUIC_TRANSPORT_PARAMETERS_MISCONFIGURED');
  return parameters === undefined ? [] : [encode(definitionFor(connection), place, parameters)];
}

/** The peer's, which the application reads as soon as they are here. */
export function takeTransportParameters<P extends 'CH' | 'EE'>(connection: Connection, block: ExtensionBlock<P>): void {
  if (connection.quic === undefined) {
    // RFC 9001, 8.2: unsupported_extension where the transport is not QUIC.
    if (block.has(quicTransportParameters)) fatal('unsupported_extension', 'UNSOLICITED_EXTENSION', 'quic_transport_parameters');
    return;
  }
  const parameters = block.get(definitionFor(connection));
  connection.peerQuicTransportParams = copyOf(parameters ?? fatal('missing_extension', 'MISSING_EXTENSION', 'quic_transport_parameters'));
}

/** RFC 9001, 8.1: without an application protocol that both sides chose, no_application_protocol. */
export function demandAlpn({ quic, alpn }: Connection): void {
  if (quic !== undefined && alpn === undefined) fatal('no_application_protocol', 'NO_APPLICATION_PROTOCOL');
}
