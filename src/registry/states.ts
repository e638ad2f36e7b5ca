import { CONTENT_TYPE, HANDSHAKE_TYPE } from './content-types.ts';

/** `TLS_ST_*` of OpenSSL 1.1.1: number, short and long text as SSL_state_string(3) and SSL_state_string_long(3) print them. */
export const STATES = {
  BEFORE: { id: 0, short: 'PINIT ', long: 'before SSL initialization' },
  OK: { id: 1, short: 'SSLOK ', long: 'SSL negotiation finished successfully' },
  CR_SRVR_HELLO: { id: 3, short: 'TRSH', long: 'SSLv3/TLS read server hello' },
  CR_CERT: { id: 4, short: 'TRSC', long: 'SSLv3/TLS read server certificate' },
  CR_CERT_STATUS: { id: 5, short: 'TRCS', long: 'SSLv3/TLS read certificate status' },
  CR_KEY_EXCH: { id: 6, short: 'TRSKE', long: 'SSLv3/TLS read server key exchange' },
  CR_CERT_REQ: { id: 7, short: 'TRCR', long: 'SSLv3/TLS read server certificate request' },
  CR_SRVR_DONE: { id: 8, short: 'TRSD', long: 'SSLv3/TLS read server done' },
  CR_SESSION_TICKET: { id: 9, short: 'TRST', long: 'SSLv3/TLS read server session ticket' },
  CR_CHANGE: { id: 10, short: 'TRCCS', long: 'SSLv3/TLS read change cipher spec' },
  CR_FINISHED: { id: 11, short: 'TRFIN', long: 'SSLv3/TLS read finished' },
  CW_CLNT_HELLO: { id: 12, short: 'TWCH', long: 'SSLv3/TLS write client hello' },
  CW_CERT: { id: 13, short: 'TWCC', long: 'SSLv3/TLS write client certificate' },
  CW_KEY_EXCH: { id: 14, short: 'TWCKE', long: 'SSLv3/TLS write client key exchange' },
  CW_CERT_VRFY: { id: 15, short: 'TWCV', long: 'SSLv3/TLS write certificate verify' },
  CW_CHANGE: { id: 16, short: 'TWCCS', long: 'SSLv3/TLS write change cipher spec' },
  CW_FINISHED: { id: 18, short: 'TWFIN', long: 'SSLv3/TLS write finished' },
  SW_HELLO_REQ: { id: 19, short: 'TWHR', long: 'SSLv3/TLS write hello request' },
  SR_CLNT_HELLO: { id: 20, short: 'TRCH', long: 'SSLv3/TLS read client hello' },
  SW_SRVR_HELLO: { id: 22, short: 'TWSH', long: 'SSLv3/TLS write server hello' },
  SW_CERT: { id: 23, short: 'TWSC', long: 'SSLv3/TLS write certificate' },
  SW_KEY_EXCH: { id: 24, short: 'TWSKE', long: 'SSLv3/TLS write key exchange' },
  SW_CERT_REQ: { id: 25, short: 'TWCR', long: 'SSLv3/TLS write certificate request' },
  SW_SRVR_DONE: { id: 26, short: 'TWSD', long: 'SSLv3/TLS write server done' },
  SR_CERT: { id: 27, short: 'TRCC', long: 'SSLv3/TLS read client certificate' },
  SR_KEY_EXCH: { id: 28, short: 'TRCKE', long: 'SSLv3/TLS read client key exchange' },
  SR_CERT_VRFY: { id: 29, short: 'TRCV', long: 'SSLv3/TLS read certificate verify' },
  SR_CHANGE: { id: 31, short: 'TRCCS', long: 'SSLv3/TLS read change cipher spec' },
  SR_FINISHED: { id: 32, short: 'TRFIN', long: 'SSLv3/TLS read finished' },
  SW_SESSION_TICKET: { id: 33, short: 'TWST', long: 'SSLv3/TLS write session ticket' },
  SW_CERT_STATUS: { id: 34, short: 'TWCS', long: 'SSLv3/TLS write certificate status' },
  SW_CHANGE: { id: 35, short: 'TWCCS', long: 'SSLv3/TLS write change cipher spec' },
  SW_FINISHED: { id: 36, short: 'TWFIN', long: 'SSLv3/TLS write finished' },
  SW_ENCRYPTED_EXTENSIONS: { id: 37, short: 'TWEE', long: 'TLSv1.3 write encrypted extensions' },
  CR_ENCRYPTED_EXTENSIONS: { id: 38, short: 'TREE', long: 'TLSv1.3 read encrypted extensions' },
  CR_CERT_VRFY: { id: 39, short: 'TRSCV', long: 'TLSv1.3 read server certificate verify' },
  SW_CERT_VRFY: { id: 40, short: 'TWSCV', long: 'TLSv1.3 write server certificate verify' },
  CR_HELLO_REQ: { id: 41, short: 'TRHR', long: 'SSLv3/TLS read hello request' },
  SW_KEY_UPDATE: { id: 42, short: 'TWSKU', long: 'TLSv1.3 write server key update' },
  CW_KEY_UPDATE: { id: 43, short: 'TWCKU', long: 'TLSv1.3 write client key update' },
  SR_KEY_UPDATE: { id: 44, short: 'TRCKU', long: 'TLSv1.3 read client key update' },
  CR_KEY_UPDATE: { id: 45, short: 'TRSKU', long: 'TLSv1.3 read server key update' },
  EARLY_DATA: { id: 46, short: 'TED', long: 'TLSv1.3 early data' },
  PENDING_EARLY_DATA_END: { id: 47, short: 'TPEDE', long: 'TLSv1.3 pending early data end' },
  CW_END_OF_EARLY_DATA: { id: 48, short: 'TWEOED', long: 'TLSv1.3 write end of early data' },
  SR_END_OF_EARLY_DATA: { id: 49, short: 'TWEOED', long: 'TLSv1.3 read end of early data' },
  ERROR: { id: -1, short: 'SSLERR', long: 'error' },
} as const;

export type StateName = keyof typeof STATES;

/** What a state of a message is called, behind whose it is (`C`, `S`) and where it goes (`R`, `W`). */
const OF_MESSAGES: ReadonlyMap<number, string> = new Map([
  [HANDSHAKE_TYPE.helloRequest, 'HELLO_REQ'],
  [HANDSHAKE_TYPE.clientHello, 'CLNT_HELLO'],
  [HANDSHAKE_TYPE.serverHello, 'SRVR_HELLO'],
  [HANDSHAKE_TYPE.newSessionTicket, 'SESSION_TICKET'],
  [HANDSHAKE_TYPE.endOfEarlyData, 'END_OF_EARLY_DATA'],
  [HANDSHAKE_TYPE.encryptedExtensions, 'ENCRYPTED_EXTENSIONS'],
  [HANDSHAKE_TYPE.certificate, 'CERT'],
  [HANDSHAKE_TYPE.compressedCertificate, 'CERT'],
  [HANDSHAKE_TYPE.serverKeyExchange, 'KEY_EXCH'],
  [HANDSHAKE_TYPE.certificateRequest, 'CERT_REQ'],
  [HANDSHAKE_TYPE.serverHelloDone, 'SRVR_DONE'],
  [HANDSHAKE_TYPE.certificateVerify, 'CERT_VRFY'],
  [HANDSHAKE_TYPE.clientKeyExchange, 'KEY_EXCH'],
  [HANDSHAKE_TYPE.finished, 'FINISHED'],
  [HANDSHAKE_TYPE.certificateStatus, 'CERT_STATUS'],
  [HANDSHAKE_TYPE.keyUpdate, 'KEY_UPDATE'],
]);

const isState = (name: string): name is StateName => Object.hasOwn(STATES, name);

/** The states of one side and one direction by the message's type; undefined is change_cipher_spec's key. */
const statesOf = (side: string): ReadonlyMap<number | undefined, StateName> =>
  new Map(
    [...OF_MESSAGES, [undefined, 'CHANGE'] as const].flatMap(([type, what]) => {
      const name = `${side}_${what}`;
      return isState(name) ? [[type, name] as const] : [];
    }),
  );

const STATES_OF = { CR: statesOf('CR'), CW: statesOf('CW'), SR: statesOf('SR'), SW: statesOf('SW') };

/** The state that sending or receiving a message leads to; undefined where it leads to none. */
export function stateOfMessage(isServer: boolean, write: boolean, contentType: number, type: number): StateName | undefined {
  const states = isServer ? (write ? STATES_OF.SW : STATES_OF.SR) : write ? STATES_OF.CW : STATES_OF.CR;
  if (contentType === CONTENT_TYPE.changeCipherSpec) return states.get(undefined);
  return contentType === CONTENT_TYPE.handshake ? states.get(type) : undefined;
}
