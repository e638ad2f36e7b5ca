import { concat, constantTimeEqual, copyOf, wipe } from '../bytes/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { LIMITS } from '../registry/limits.ts';

/** Bytes of a key's name, of the nonce and of the tag in a ticket. */
const NAME_LENGTH = 16;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** A key that seals tickets, and the name by which a ticket says which key opens it. */
export interface TicketKey {
  readonly name: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** A key of the 80 bytes of SSL_CTX_set_tlsext_ticket_keys(3): 16 of name, 32 for an HMAC that an AEAD does not need, 32 for encryption. */
export const ticketKeyOf = (blob: Uint8Array): TicketKey => ({ name: blob.subarray(0, 16), key: blob.subarray(48, 80) });

/** Seals a session's encoding: name, random nonce, AES-256-GCM over both halves' worth (RFC 5077, 4 leaves the form to us). */
export function sealTicket(provider: CryptoProvider, { name, key }: TicketKey, state: Uint8Array): Uint8Array {
  const nonce = provider.random(NONCE_LENGTH);
  const ticket = concat(name, nonce, new Uint8Array(state.length + TAG_LENGTH));
  const aead = provider.aead('aes-256-gcm', key);
  aead.seal(nonce, name, state, ticket, NAME_LENGTH + NONCE_LENGTH);
  aead.wipe();
  return ticket;
}

/** The name of the key a ticket was sealed with, or undefined for bytes that are no ticket of ours. */
export const ticketKeyName = (ticket: Uint8Array): Uint8Array | undefined =>
  ticket.length > NAME_LENGTH + NONCE_LENGTH + TAG_LENGTH ? ticket.subarray(0, NAME_LENGTH) : undefined;

/** What was sealed, or undefined where the key is another one or the ticket was changed. */
export function openTicket(provider: CryptoProvider, { name, key }: TicketKey, ticket: Uint8Array): Uint8Array | undefined {
  const sealedWith = ticketKeyName(ticket);
  if (sealedWith === undefined || !constantTimeEqual(sealedWith, name)) return undefined;
  const aead = provider.aead('aes-256-gcm', key);
  const state = aead.open(ticket.subarray(NAME_LENGTH, NAME_LENGTH + NONCE_LENGTH), name, ticket.subarray(NAME_LENGTH + NONCE_LENGTH));
  aead.wipe();
  return state;
}

/**
 * Ticket keys that nobody configured: made at random, replaced every day; the previous one still opens for another
 * day, so a stolen key is worth at most two.
 */
export class RotatingTicketKeys {
  private keys: { readonly key: TicketKey; readonly since: number }[] = [];

  /** The keys at `now` milliseconds, newest first: the first seals, all open. */
  current(provider: CryptoProvider, now: number): readonly TicketKey[] {
    const age = 1000 * LIMITS.ticketKeyAge.value;
    const newest = this.keys[0];
    if (newest === undefined || now >= newest.since + age) {
      this.keys.unshift({ key: { name: copyOf(provider.random(16)), key: copyOf(provider.random(32)) }, since: now });
    }
    for (const { key } of this.keys.filter(({ since }) => now >= since + 2 * age)) wipe(key.key);
    this.keys = this.keys.filter(({ since }) => now < since + 2 * age);
    return this.keys.map(({ key }) => key);
  }

  wipe(): void {
    for (const { key } of this.keys) wipe(key.key);
    this.keys = [];
  }
}
