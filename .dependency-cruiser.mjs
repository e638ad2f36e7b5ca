// The order of the floors, and no circles. It is held over `dist`, which is what runs: type-only imports are gone there, and those may look up.

/** From the top down. A room imports from lower floors only; inside a room everything is free, except a circle. */
const FLOORS = [
  ['cli'],
  ['openssl', 'node', 'web', 'index.js'],
  ['ssl'],
  ['handshake'],
  ['config', 'session'],
  ['x509', 'extensions'],
  ['record', 'asn1', 'wire'],
  ['crypto', 'bytes'],
  ['registry', 'bio'],
];

/** Neighbours on one floor do not know each other, but for this. */
const NEIGHBOURS = [['crypto', 'bytes']];

/** Node's provider and its parts: reached as `#provider`, so that a browser gets the other one. */
const NODE_PROVIDER = '^dist/crypto/node[-\\w]*\\.js$';

/** The only places that know a runtime. */
const FACES = `^dist/(cli|node)/|${NODE_PROVIDER}`;

const room = (name) => (name.endsWith('.js') ? name.replace('.', '\\.') + '$' : `${name}/`);
const rooms = (names) => `^dist/(${names.map(room).join('|')})`;

const floorRules = FLOORS.flatMap((floor, level) =>
  floor.map((name) => {
    const known = NEIGHBOURS.filter(([from]) => from === name).map(([, to]) => to);
    const above = [...FLOORS.slice(0, level).flat(), ...floor.filter((other) => other !== name && !known.includes(other))];
    return {
      name: `floor-of-${name.replace('.js', '')}`,
      comment: `${name} may import from the floors under it only`,
      severity: 'error',
      from: { path: rooms([name]) },
      to: above.length === 0 ? { path: '^$' } : { path: rooms(above) },
    };
  }),
);

export default {
  forbidden: [
    ...floorRules,
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'room-without-a-floor',
      comment: 'a new room needs its place in FLOORS',
      severity: 'error',
      from: { pathNot: rooms(FLOORS.flat()) },
      to: {},
    },
    {
      name: 'runtime-below-the-faces',
      comment: 'cli/, node/ and crypto/node*.ts alone may import what one runtime brings',
      severity: 'error',
      from: { path: '^dist/', pathNot: FACES },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'packages-in-crypto',
      comment: '@noble/* is the only package we stand on, and crypto/ the only room that knows it',
      severity: 'error',
      from: { path: '^dist/', pathNot: '^dist/crypto/' },
      to: { path: 'node_modules/' },
    },
    {
      name: 'node-provider-by-name',
      comment: "below the faces Node's provider is not imported but by `#provider`",
      severity: 'error',
      from: { path: '^dist/', pathNot: FACES },
      to: { path: NODE_PROVIDER },
    },
    { name: 'unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
};
