import { describe, expect, it } from 'vitest';
import { freshKey } from '../../test/support/authorities.ts';
import { base64Text } from '../asn1/base64.ts';
import { nodeProvider } from '../crypto/node.ts';
import { spkiElement } from './algorithms.ts';
import { parseCtLogList } from './ctlog-list.ts';

const spki = spkiElement(freshKey().publicKey);
const LIST = `# logs
enabled_logs = one, two

[one]
description = The first log # or so
key = ${base64Text(spki)}

[two]
description = \\
  The second
key=${base64Text(spki)}
[off]
key = nonsense
`;

describe('parseCtLogList', () => {
  it('gives the logs that are enabled', () => {
    const logs = parseCtLogList(LIST, nodeProvider);
    expect(logs?.map(({ name }) => name)).toEqual(['The first log', 'The second']);
    expect(logs?.[0]?.logId).toEqual(nodeProvider.digest('sha256', spki));
    expect(parseCtLogList('enabled_logs =\n', nodeProvider)).toEqual([]);
  });

  it.each([
    '',
    'enabled_logs = none',
    'enabled_logs = off\n[off]\ndescription = d\nkey = nonsense',
    'enabled_logs = a\n[a]\ndescription = d',
    'what is this',
  ])('refuses %j', (text) => {
    expect(parseCtLogList(text, nodeProvider)).toBeUndefined();
  });
});
