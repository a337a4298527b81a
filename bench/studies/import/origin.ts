/**
 * Where a value of an imported document came from. `said`: the file says so; `inferred`: it follows from what it says; `assumed`: a
 * default that the user should check.
 */
export type Origin = 'said' | 'inferred' | 'assumed';
