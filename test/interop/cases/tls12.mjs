// What the cases of TLS 1.2 have in common.
import { TLS1_2_VERSION } from '../../../dist/index.js';

export const TLS12 = { version: TLS1_2_VERSION };

/** Cases that say nothing of the version, spoken in TLS 1.2. */
export const inTls12 = (topics, name, defaults = TLS12) => {
  const { topic, cases } = topics.find((one) => one.topic === name);
  return {
    topic: `TLSv1.2 ${topic}`,
    cases: (peer, ours) =>
      cases(peer, ours).map(({ run, ...one }) => ({
        ...one,
        ...(run && { run: (t) => run({ ...t, defaults: { ...defaults, ...t.defaults } }) }),
      })),
  };
};
