/** The system's clock in milliseconds since 1970: the one place below the faces that reads it, and a context can be given another. */
export const systemClock = (): number => Date.now();
