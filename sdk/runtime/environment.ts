// docs/sdk.md#pure: first module of every bundle, so that the workflow file's top level is evaluated under the guard.
import './language/install.ts';
import { config } from 'zod';
import { installGuard } from './guard.ts';

// Zod would compile validators with `new Function`, for each task anew: code is fixed when the workflow is deployed.
config({ jitless: true });
installGuard(globalThis as unknown as Record<string, unknown>);
