/** How much plaintext a record may hold in either direction: max_fragment_length (RFC 6066, 4) and record_size_limit (RFC 8449). */
import { fragmentLengthOf } from '../../extensions/record-size.ts';
import { fatal } from '../../registry/fatal.ts';
import { LIMITS } from '../../registry/limits.ts';
import { TLS1_3_VERSION } from '../../registry/versions.ts';
import type { Connection } from '../connection.ts';

/** What a hello says of record sizes. */
export interface RecordSizes {
  readonly limit: number | undefined;
  readonly code: number | undefined;
}

/** In TLS 1.3 the content type counts (RFC 8449, 4). */
const typeByte = (connection: Connection): number => (connection.version >= TLS1_3_VERSION ? 1 : 0);

/** The limit that a client states, content type included: it does not know yet which version it will be. */
export const ownRecordSizeLimit = (plaintext: number): number => plaintext + 1;

/** A client takes up what the server answered. */
export function takeRecordSizes(connection: Connection, { limit, code }: RecordSizes): void {
  // RFC 8449, 5: both together are illegal_parameter.
  if (limit !== undefined && code !== undefined)
    fatal('illegal_parameter', 'BAD_EXTENSION', 'max_fragment_length beside record_size_limit');
  if (limit !== undefined) agreeOnLimit(connection, limit, connection.get('recordSizeLimit'));
  // RFC 6066, 4: the answer MUST be what was asked.
  if (code !== undefined && code !== connection.get('maxFragmentLength'))
    fatal('illegal_parameter', 'SSL3_EXT_INVALID_MAX_FRAGMENT_LENGTH');
  if (code !== undefined) agreeOnLength(connection, code);
}

/** A server answers: record_size_limit goes before max_fragment_length where a client sends both (RFC 8449, 5). */
export function answerRecordSizes(connection: Connection, { limit, code }: RecordSizes): RecordSizes {
  if (limit !== undefined) {
    const own = connection.get('recordSizeLimit') || LIMITS.plaintext.value;
    agreeOnLimit(connection, limit, own);
    return { limit: own + typeByte(connection), code: undefined };
  }
  if (code !== undefined) agreeOnLength(connection, code);
  return { limit: undefined, code };
}

function agreeOnLimit(connection: Connection, theirs: number, own: number): void {
  const { writer } = connection.io.records;
  writer.maxFragment = Math.min(writer.maxFragment, theirs - typeByte(connection));
  // What a client stated counts the type byte, whichever version it became.
  connection.recordLimit = connection.isServer ? own + typeByte(connection) : ownRecordSizeLimit(own);
}

function agreeOnLength(connection: Connection, code: number): void {
  // RFC 6066, 4: a code that does not exist is illegal_parameter.
  const length = fragmentLengthOf(code) ?? fatal('illegal_parameter', 'SSL3_EXT_INVALID_MAX_FRAGMENT_LENGTH', `${code}`);
  const { writer } = connection.io.records;
  connection.maxFragmentLength = code;
  connection.recordLimit = length + typeByte(connection);
  writer.maxFragment = Math.min(writer.maxFragment, length);
}
