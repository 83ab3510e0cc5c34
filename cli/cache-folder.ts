// docs/sdk.md#compile: where commands keep built programs and provable models.
import { join } from 'node:path';

export const CACHE_FOLDER = join('.mizu', 'cache');
