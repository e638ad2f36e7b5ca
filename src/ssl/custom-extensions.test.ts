import { describe, expect, it } from 'vitest';
import { connected } from '../../test/support/connect.ts';
import { fromUtf8, utf8 } from '../bytes/bytes.ts';
import type { CustomExtension } from '../config/callbacks.ts';
import { EXT } from '../handshake/common/custom-extensions.ts';
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../registry/versions.ts';

const ANSWERS = EXT.TLS1_2_SERVER_HELLO | EXT.TLS1_3_ENCRYPTED_EXTENSIONS;

/** What each side hears of an extension that is in force under `restriction`. */
function heard(version: number, restriction: number): readonly string[] {
  const said: string[] = [];
  const side = (text: string): readonly CustomExtension[] => [
    {
      type: 1000,
      context: EXT.CLIENT_HELLO | ANSWERS | restriction,
      add: () => utf8(text),
      parse: (_ssl, _place, data) => {
        said.push(fromUtf8(data));
        return undefined;
      },
    },
  ];
  const only = { minProtoVersion: version, maxProtoVersion: version };
  connected({ ...only, customExtensions: side('asked') }, { ...only, customExtensions: side('answered') });
  return said;
}

describe('an extension of the application', () => {
  it.each([TLS1_2_VERSION, TLS1_3_VERSION])('is asked for and answered in version %i', (version) => {
    expect(heard(version, 0)).toEqual(['asked', 'answered']);
  });

  it('is used in the versions that it is for', () => {
    expect(heard(TLS1_2_VERSION, EXT.TLS1_2_AND_BELOW_ONLY)).toEqual(['asked', 'answered']);
    expect(heard(TLS1_3_VERSION, EXT.TLS1_3_ONLY)).toEqual(['asked', 'answered']);
    expect(heard(TLS1_2_VERSION, EXT.TLS1_3_ONLY)).toEqual([]);
    expect(heard(TLS1_3_VERSION, EXT.TLS1_2_AND_BELOW_ONLY)).toEqual([]);
  });
});
