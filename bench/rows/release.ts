import type { Row } from '../row.ts'; export const row: Row = async () => [];
