/** Where every random test begins: the same each time, so that what failed once fails again. */
export const SEED = 0x5eed_2026;
