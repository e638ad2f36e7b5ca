import { describe, expect, it } from 'vitest';
import { ConfFile } from './conf-file.ts';

const read = (text: string, environment?: Record<string, string>): ConfFile => {
  const file = new ConfFile((name) => environment?.[name]);
  expect(file.read(text)).toBeUndefined();
  return file;
};

const expanded = (raw: string): string | undefined => read(`base = /etc\nname = ${raw}\n`, { HOME: '/root' }).find('default', 'name');

describe('configuration files (config(5))', () => {
  it.each<[string, string]>([
    ['plain text', 'plain text'],
    ['  trimmed \t', 'trimmed'],
    ['" kept "', ' kept '],
    ['a#comment', 'a'],
    ['a \\# b', 'a # b'],
    ['"a # b" # c', 'a # b'],
    ["'it' s", 'it s'],
    ['"it\'s"', "it's"],
    ['a\\tb\\n', 'a\tb\n'],
    ['"a\\tb\\"c"', 'atb"c'],
    ['$base/ssl', '/etc/ssl'],
    [`\${base}x$(base)`, '/etcx/etc'],
    ['$default::base', '/etc'],
    ['$ENV::HOME/x', '/root/x'],
    ["'$base'", '$base'],
    ['a=b', 'a=b'],
    ['', ''],
  ])('%j is %j', (raw, value) => expect(expanded(raw)).toBe(value));

  it('have sections, a default one behind them, and names with a section of their own', () => {
    const file = read('a = 1\n[ one ]\nb = 2\ntwo::c = 3\n[two]\r\nd = 4\r\n[one]\nb = 5\n');
    expect([file.find('one', 'a'), file.find('one', 'b'), file.find('two', 'c'), file.find('two', 'd'), file.find('two', 'b')]).toEqual([
      ...['1', '5', '3', '4'],
      undefined,
    ]);
    expect(file.section('one').map(({ value }) => value)).toEqual(['2', '5']);
  });

  it('join a line to the next where it ends in an odd number of backslashes', () => {
    const file = read('a = x\\\n  y\nb = z\\\\\nc = w\n');
    expect([file.find('default', 'a'), file.find('default', 'b'), file.find('default', 'c')]).toEqual(['x  y', 'z\\', 'w']);
  });

  it.each<[string, number]>([
    ['a = 1\nnothing\n', 2],
    ['= 1', 1],
    ['a = 1\n\n# c\n[open\n', 4],
    ['a = $b', 1],
    ['a = 1\nb = ${a\n', 2],
    ['a$ = 1', 1],
    ['x = 1\\\n2\nbad', 3],
  ])('%j is wrong in line %i', (text, line) => expect(new ConfFile().read(text)?.line).toBe(line));

  it('take no variable from the environment that nobody gave', () => {
    expect(new ConfFile().read('a = $ENV::HOME')?.line).toBe(1);
  });
});
