import { ALERT_LEVEL, ALERTS, type AlertName } from '../registry/alerts.ts';
import { PeerAlert, refuse, SslError, SslUsageError, TlsFatal, UnexpectedEof } from '../registry/fatal.ts';
import type { Connection } from './connection.ts';
import { runHandshake } from './run.ts';
import type { Step, Stop } from './step.ts';

/**
 * Runs the generators of one connection. It is the one place that catches: a failure becomes one alert on the wire and
 * is kept, so that every later call reports the same and no further byte is looked at.
 */
export class Driver {
  readonly connection: Connection;
  private step: Step<unknown> | undefined;
  private running = false;
  private deferred: (() => void)[] = [];
  private failed: SslError | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Why the connection ended, if it did. */
  get failure(): SslError | undefined {
    return this.failed;
  }

  /** Whether something was begun and has not finished. */
  get busy(): boolean {
    return this.step !== undefined;
  }

  /** Whether a call is under way, so that this one comes from a callback. */
  get isRunning(): boolean {
    return this.running;
  }

  /** Does something as soon as the call that is under way has ended. */
  afterwards(work: () => void): void {
    this.deferred.push(work);
  }

  /** The first handshake, on whichever side. */
  beginHandshake(): void {
    this.begin(runHandshake(this.connection));
  }

  /** Something that comes after it: a message to answer, a request to make. */
  begin(step: Step<unknown>): void {
    if (this.step !== undefined) refuse('REQUEST_PENDING', 'something else is under way on this connection');
    this.step = step;
  }

  /**
   * Goes on until it is done (undefined) or must wait. Throws the failure that ended the connection. `forEarlyData`: it also
   * stops where early data may be written or was read.
   */
  resume(forEarlyData = false): Stop | undefined {
    return this.guard(() => {
      for (;;) {
        const result = this.step?.next();
        if (result === undefined || result.done === true) {
          this.step = undefined;
          return undefined;
        }
        if (result.value.want === 'early_data' && !forEarlyData) continue;
        this.connection.leaveFlow();
        return result.value;
      }
    });
  }

  /** Runs plain work of the connection (records, alerts) under the same rules as a step. */
  guard<T>(work: () => T): T {
    if (this.failed !== undefined) throw this.failed;
    // A callback that calls back into its own connection would find it half-way between two states.
    if (this.running) refuse('CALLED_FROM_CALLBACK', 'called from a callback of the same connection');
    this.running = true;
    try {
      return work();
    } catch (error) {
      // A wrong call outside any exchange with the peer is the caller's affair, not the connection's end.
      if (error instanceof SslUsageError && this.step === undefined) throw error;
      throw this.fail(error);
    } finally {
      this.running = false;
      if (this.deferred.length > 0) for (const after of this.deferred.splice(0)) after();
    }
  }

  /** Ends the connection from outside: nothing is sent any more. */
  drop(): void {
    if (!this.running) this.step?.return(undefined);
    this.step = undefined;
  }

  /** Ends the connection because the application wants it to, with the alert it chose. */
  abort(alert: AlertName): void {
    if (this.failed !== undefined) throw this.failed;
    if (this.running) refuse('CALLED_FROM_CALLBACK', 'called from a callback of the same connection');
    this.fail(new TlsFatal(alert, 'PROTOCOL_IS_SHUTDOWN', 'the application ended the connection'));
  }

  private fail(error: unknown): SslError {
    const failure = error instanceof SslError ? error : new TlsFatal('internal_error', 'INTERNAL_ERROR', describe(error), { cause: error });
    const { connection } = this;
    this.failed = failure;
    this.step = undefined;
    connection.handshaking = false;
    connection.state = 'ERROR';
    // A transport or a callback may fail here too; the first failure is the one to report.
    regardless(() => this.forgetSession());
    regardless(() => this.sendAlert(failure));
    regardless(() => connection.leaveFlow());
    connection.wipe();
    return failure;
  }

  /** RFC 9846, 6.2: what a failed connection left to resume is not used any more, wherever it is kept. */
  private forgetSession(): void {
    const { session, owner } = this.connection;
    if (session === undefined) return;
    session.invalidate();
    owner.sessions.cache.remove(session);
  }

  private sendAlert(failure: SslError): void {
    const { io } = this.connection;
    const alert = alertFor(failure);
    if (alert === undefined || io.sentCloseNotify) return;
    io.sendAlert(ALERT_LEVEL.fatal, ALERTS[alert]);
    io.flush();
  }
}

function regardless(work: () => void): void {
  try {
    work();
  } catch {
    // See where it is used.
  }
}

/** The alert a failure sends; none for what the peer said itself, for an end of the transport, and for a wrong call. */
function alertFor(failure: SslError): TlsFatal['alert'] | undefined {
  if (failure instanceof TlsFatal) return failure.alert;
  if (failure instanceof PeerAlert || failure instanceof UnexpectedEof) return undefined;
  return failure instanceof SslUsageError ? 'internal_error' : undefined;
}

const describe = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
