// docs/sdk.md#package: everything that `import … from 'mizu/verify'` gives: verification without a compiler.
export { formatError, MizuError } from '../protocol/errors.ts';
export { type Verified, type VerifyFlags, verifyTarget } from './client/verify.ts';
