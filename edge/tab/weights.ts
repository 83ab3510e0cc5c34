// docs/edge.md#tab: the weights of the built-in model, from the gateway and compared with their hash.
import { MizuError } from '../../protocol/errors.ts';
import { bytesToHex } from '../../protocol/hex.ts';
import { type Classifier, createClassifier } from '../backends/model/classifier.ts';
import { unpackWeights } from '../backends/model/weights.ts';

/**
 * `sha256`: of the weights, in hexadecimal digits.
 * @throws MizuError `edge/other-weights` if the gateway gives none, or others
 */
export async function fetchSmallClassifier(url: string, sha256: string): Promise<Classifier> {
  const response = await fetch(url);
  if (!response.ok) throw otherWeights(sha256, `status ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const hash = bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))).slice(2);
  if (hash !== sha256) throw otherWeights(sha256, `${bytes.length} bytes with SHA-256 ${hash}`);
  return createClassifier(unpackWeights(bytes));
}

function otherWeights(sha256: string, actual: string): MizuError {
  return new MizuError({
    code: 'edge/other-weights',
    message: 'The gateway does not give the weights of the built-in model.',
    expected: `bytes with SHA-256 ${sha256}`,
    actual,
    hint: 'Load the page again: the gateway may have been updated meanwhile.',
  });
}
