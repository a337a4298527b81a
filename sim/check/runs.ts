/**
 * Size of a search, apart from the search, so that the help need not load it.
 */

/** Runs of a search that does not say how many. */
export const CHECK_RUNS = 4000;
