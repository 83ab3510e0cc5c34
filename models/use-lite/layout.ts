// docs/models.md#use-lite: in which order the weights lie in the image, which is that of `takeAll` in assembly/encoder.ts.

/** A tensor by its name in the package. With columns it is a matrix, which goes into panels of four columns. */
type Part = { readonly name: string; readonly columns?: number };

const APPLIED = 'module_apply_default/Encoder_en/';
const ENCODE = 'KonaTransformer/Encode/';
const WHOLE = '/ConcatPartitions/concat';
const SIZE = 512;
const HIDDEN_SIZE = 1536;
const PANEL = 4;
/** Steps of a byte to each side of zero. */
const MOST = 127;

export const ENCODER_PARTS: readonly Part[] = [
  { name: 'module/Embeddings_en' },
  { name: `${APPLIED}${ENCODE}TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1` },
  { name: `${APPLIED}${ENCODE}Layer_0/TransformerLayer/dense/kernel${WHOLE}`, columns: SIZE },
  { name: `${APPLIED}${ENCODE}Layer_0/TransformerLayer/dense/bias${WHOLE}` },
  ...layerParts(0, 256),
  ...layerParts(1, SIZE),
  { name: 'module/Encoder_en/hidden_layers/tanh_layer_0/weights', columns: SIZE },
  { name: 'module/Encoder_en/hidden_layers/tanh_layer_0/bias' },
];

function layerParts(number: number, width: number): Part[] {
  const layer = `Layer_${number}/TransformerLayer/`;
  const own = `${APPLIED}${ENCODE}${layer}`;
  const stack = `${APPLIED}${ENCODE}TransformerStack/${layer}`;
  const kernel = `module/Encoder_en/${ENCODE}${layer}MultiheadAttention/`;
  const norm = 'layer_prepostprocess/layer_norm/layer_norm_';
  return [
    { name: `${own}${norm}scale${WHOLE}` },
    { name: `${own}${norm}bias${WHOLE}` },
    { name: `${kernel}qkv_transform_single/kernel/part_0`, columns: 3 * width },
    { name: `${own}MultiheadAttention/qkv_transform_single/bias${WHOLE}` },
    { name: `${kernel}output_transform_single/kernel/part_0`, columns: SIZE },
    { name: `${own}MultiheadAttention/output_transform_single/bias${WHOLE}` },
    { name: `${own}FFN/${norm}scale${WHOLE}` },
    { name: `${own}FFN/${norm}bias${WHOLE}` },
    { name: `${stack}FFN/conv1/Tensordot/Reshape_1`, columns: HIDDEN_SIZE },
    { name: `${own}FFN/conv1/bias${WHOLE}` },
    { name: `${stack}FFN/conv2/Tensordot/Reshape_1`, columns: SIZE },
    { name: `${own}FFN/conv2/bias${WHOLE}` },
  ];
}

/** From rows of a matrix to panels of four columns: for each row the four values of the panel. */
export function toPanels(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  const panels = new Float32Array(matrix.length);
  let at = 0;
  for (let column = 0; column < columns; column += PANEL)
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < PANEL; i++) panels[at++] = matrix[row * columns + column + i]!;
  return panels;
}

/** From rows of a matrix to its columns in bytes, and behind them the unit of each column in f32, little-endian: docs/models.md#int8. */
export function toByteColumns(matrix: Float32Array, columns: number): Uint8Array {
  const rows = matrix.length / columns;
  const bytes = new Uint8Array(columns * (rows + Float32Array.BYTES_PER_ELEMENT));
  const view = new DataView(bytes.buffer);
  for (let column = 0; column < columns; column++) {
    let most = 0;
    for (let row = 0; row < rows; row++) most = Math.max(most, Math.abs(matrix[row * columns + column]!));
    const unit = Math.fround(most / MOST) || 1;
    view.setFloat32(columns * rows + column * Float32Array.BYTES_PER_ELEMENT, unit, true);
    for (let row = 0; row < rows; row++) {
      const steps = Math.round(matrix[row * columns + column]! / unit);
      view.setInt8(column * rows + row, Math.max(-MOST, Math.min(MOST, steps)));
    }
  }
  return bytes;
}
