// Groups of tests, by what their names begin with or say.

/** @param {string} name */
export const familyOf = (name) => name.split('-')[0];
