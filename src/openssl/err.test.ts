import { beforeEach, describe, expect, it } from 'vitest';
import { there } from '../../test/support/openssl.ts';
import { COMMON_REASONS, REASONS } from '../registry/reasons.ts';
import { X509_VERIFY_RESULTS } from '../registry/verify-results.ts';
import * as reasons from './constants-reasons.ts';
import * as o from './index.ts';
import { REFUSALS } from './refused.ts';

beforeEach(() => o.ERR_clear_error());

describe('the error queue', () => {
  it('gives the oldest first and keeps sixteen', () => {
    for (let i = 1; i <= 20; i++) o.ERR_put_error(o.ERR_LIB_USER, 0, i, 'file.c', i);
    expect(o.ERR_GET_REASON(o.ERR_peek_error())).toBe(5);
    expect(o.ERR_GET_REASON(o.ERR_peek_last_error())).toBe(20);
    const entry = o.ERR_get_error_line_data();
    expect([entry?.file, entry?.line]).toEqual(['file.c', 5]);
    expect(Array.from({ length: 16 }, () => o.ERR_GET_REASON(o.ERR_get_error()))).toEqual([
      ...Array.from({ length: 15 }, (_, i) => i + 6),
      0,
    ]);
  });

  it('prints what 1.1.1 prints, also for what nobody knows', () => {
    expect(o.ERR_error_string(0x140ba0c3)).toBe('error:140BA0C3:SSL routines:SSL_new:null ssl ctx');
    expect(o.ERR_error_string(0x14094410)).toBe('error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure');
    expect(o.ERR_error_string(0x1416f086)).toBe('error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed');
    expect(o.ERR_error_string(o.ERR_PACK(77, 5, 6))).toBe('error:4D005006:lib(77):func(5):reason(6)');
    expect(o.ERR_error_string_n(0x140ba0c3, 15)).toBe('error:140BA0C3');
    expect(o.ERR_reason_error_string(o.ERR_PACK(o.ERR_LIB_SSL, 0, o.ERR_R_MALLOC_FAILURE))).toBe('malloc failure');
    expect(o.ERR_lib_error_string(0x140ba0c3)).toBe('SSL routines');
    expect(o.ERR_func_error_string(0x140ba0c3)).toBe('SSL_new');
  });

  it('has marks, added data and a printed form', () => {
    o.SSL_new(null);
    expect(o.ERR_set_mark()).toBe(1);
    o.SSL_CTX_new(null);
    o.ERR_add_error_data(2, 'said ', 'so');
    expect(o.ERR_peek_last_error_line_data()?.data).toContain('said so');
    expect(o.ERR_pop_to_mark()).toBe(1);
    const bio = there(o.BIO_new(o.BIO_s_mem()));
    o.ERR_print_errors(bio);
    expect(o.BIO_gets(bio, 200)).toContain('error:140BA0C3:SSL routines:SSL_new:null ssl ctx::0:');
    expect([o.ERR_get_error(), o.ERR_pop_to_mark()]).toEqual([0, 0]);
  });
});

describe('constants', () => {
  it('of reasons and verification results are those of the tables', () => {
    const named: Readonly<Record<string, number>> = reasons;
    const ours = Object.entries(REASONS).filter(([name, code]) => (code < 900 || code >= 999) && !COMMON_REASONS.has(name));
    const results = Object.entries(X509_VERIFY_RESULTS).map(
      ([name, code]) => [name === 'OK' ? 'X509_V_OK' : `X509_V_ERR_${name}`, code] as const,
    );
    expect(Object.entries(named).sort()).toEqual([...ours.map(([name, code]) => [`SSL_R_${name}`, code] as const), ...results].sort());
  });

  it('of reasons of our own are each of one reason', () => {
    const codes = Object.values(REASONS).filter((code) => code >= 900 && code < 999);
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
  });

  it('of options and modes are those of ssl.h', () => {
    expect([o.SSL_OP_ALL, o.SSL_OP_NO_TLSv1_3, o.SSL_OP_CRYPTOPRO_TLSEXT_BUG]).toEqual([0x80000854, 0x20000000, 0x80000000]);
    expect([o.SSL_MODE_AUTO_RETRY, o.SSL_CB_HANDSHAKE_DONE, o.TLS1_3_VERSION, o.SSL_AD_UNKNOWN_CA]).toEqual([4, 0x20, 0x304, 48]);
  });
});

describe('functions that are not there yet', () => {
  it('exist, say why and answer with C’s value for failure', () => {
    const all: Readonly<Record<string, unknown>> = o;
    for (const [name, reason] of Object.entries(REFUSALS)) {
      o.ERR_clear_error();
      const refused = all[name];
      expect(refused, name).toBeTypeOf('function');
      (refused as (...args: unknown[]) => unknown)(null, null, null);
      expect(o.ERR_GET_REASON(o.ERR_peek_error()), name).toBe(o.ERR_R_DISABLED);
      expect(o.ERR_get_error_line_data()?.data, name).toBe(reason);
    }
  });
});
