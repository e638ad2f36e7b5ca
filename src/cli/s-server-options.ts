import type { OptionGroup } from './arguments.ts';
import { IDENTITY_OPTIONS } from './identity-options.ts';
import { DEBUG_OPTIONS } from './observe.ts';
import { TLS_OPTIONS, VALIDATION_OPTIONS } from './tls-options.ts';

/** What s_server may be told (openssl-s_server(1)). */
export const SERVER_OPTIONS: readonly OptionGroup[] = [
  {
    title: 'General options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'accept', value: 'val', help: 'Host and port to listen on; default: *:4433. Port 0 takes a free one and says which' },
      { name: 'port', value: 'int', help: 'Port to listen on' },
      { name: 'unix', value: 'path', help: 'Unix-domain socket to listen on' },
      { name: '4', help: 'Use IPv4 only' },
      { name: '6', help: 'Use IPv6 only' },
      { name: 'naccept', value: 'int', help: 'End after so many connections' },
      { name: 'verify', value: 'int', help: 'Ask for a certificate' },
      { name: 'Verify', value: 'int', help: 'Demand a certificate' },
      { name: 'servername', value: 'val', help: 'Name for which -cert2 and -key2 are used' },
      { name: 'servername_fatal', help: 'Refuse other names' },
      { name: 'cert2', value: 'infile', help: 'Certificate for that name; default: server2.pem' },
      { name: 'key2', value: 'infile', help: 'Its key' },
      { name: 'dcert', value: 'infile', help: 'Second certificate, with another kind of key' },
      { name: 'dkey', value: 'infile', help: 'Its key' },
      { name: 'nocert', help: 'No certificate: pre-shared keys only' },
      { name: 'alpn', value: 'val', help: 'Protocols, best first, joined by commas' },
      { name: 'context', value: 'val', help: 'Session id context' },
      { name: 'num_tickets', value: 'int', help: 'Tickets after a handshake' },
      { name: 'no_cache', help: 'No session cache' },
      { name: 'max_early_data', value: 'int', help: 'Bytes of early data that tickets allow' },
      { name: 'recv_max_early_data', value: 'int', help: 'Most bytes of early data that are taken or passed over' },
      { name: 'early_data', help: 'Read early data' },
      { name: 'anti_replay', help: 'Protect early data against replay (default)' },
      { name: 'no_anti_replay', help: 'Do not' },
      { name: 'stateless', help: 'Demand cookies of clients (TLS 1.3)' },
      { name: 'dhparam', value: 'infile', help: 'DH parameters, PEM or DER; default: the groups of RFC 7919' },
      { name: 'no_dhe', help: 'No ephemeral DH over integers' },
      { name: 'psk_hint', value: 'val', help: 'Hint at the identity of the pre-shared key (TLS 1.2 and below)' },
      { name: 'ech_key', value: 'infile', help: 'Key of Encrypted ClientHello, with its configs; may be repeated' },
      { name: 'status_file', value: 'infile', help: 'OCSP response to staple, DER' },
      { name: 'no_ca_names', help: 'Do not send names of authorities' },
    ],
  },
  {
    title: 'Input and output options',
    options: [
      { name: 'www', help: "Answer 'GET /' with a page about the connection" },
      { name: 'WWW', help: "Answer 'GET' with the file ./path" },
      { name: 'HTTP', help: 'The same for files that hold their own headers' },
      { name: 'rev', help: 'Send each line back reversed' },
      { name: 'quiet', help: 'No output but what the peer sends' },
      { name: 'brief', help: 'A short summary of each connection' },
      { name: 'ign_eof', help: 'Ignore the end of the input' },
      { name: 'no_ign_eof', help: 'Do not ignore it' },
      { name: 'crlf', help: 'Convert LF of the input to CRLF' },
    ],
  },
  DEBUG_OPTIONS,
  IDENTITY_OPTIONS,
  TLS_OPTIONS,
  VALIDATION_OPTIONS,
];
