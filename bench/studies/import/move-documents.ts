/**
 * What a measured move becomes.
 */
export const MOVE_DOCUMENTS = ['scenario', 'row'] as const;
export type MoveDocument = (typeof MOVE_DOCUMENTS)[number];
