import { signatureAlgorithms, signatureAlgorithmsCert } from '../../extensions/id-lists.ts';
import { askForCertificates } from '../common/credential.ts';
import { EXT, parseCustomExtensions } from '../common/custom-extensions.ts';
import type { Connection } from '../connection.ts';
import type { Step } from '../step.ts';
import type { ReadHello } from './select.ts';

/** What the application is told and asked about a ClientHello, once in a handshake: as soon as an answer is needed, be it before a retry. */
export class Consultation {
  private readonly connection: Connection;
  private told = false;
  private asked = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Shows extensions of its own to it (SSL_CTX_add_custom_ext(3)). */
  tell({ hello }: ReadHello): void {
    if (this.told) return;
    this.told = true;
    parseCustomExtensions(this.connection, EXT.CLIENT_HELLO, hello.extensions);
  }

  /** Asks it for credentials, where there is nothing to resume (SSL_CTX_set_cert_cb(3)). */
  *ask(read: ReadHello): Step<void> {
    const { connection } = this;
    this.tell(read);
    connection.peerSignatureSchemes = read.block.get(signatureAlgorithms) ?? [];
    connection.peerCertificateSchemes = read.block.get(signatureAlgorithmsCert);
    if (this.asked) return;
    this.asked = true;
    yield* askForCertificates(connection);
  }
}
