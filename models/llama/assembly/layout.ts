// docs/models.md#llama-image: where the engine finds what a model is made of. Plain constants, which TypeScript and
// AssemblyScript read alike. All are addresses in bytes, relative to HEADER; each names a u32, or an f32 where it says
// so.

/** The engine's own data lies below. */
export const HEADER = 65536;

export const WIDTH = 0;
export const HIDDEN = 4;
export const LAYERS = 8;
export const HEADS = 12;
export const KEY_HEADS = 16;
export const HEAD_WIDTH = 20;
export const VOCABULARY = 24;
export const CONTEXT = 28;
/** An f32. */
export const EPSILON = 32;

/** Addresses of descriptions of matrices, of which EMBEDDING and OUTPUT may be one. */
export const EMBEDDING = 36;
export const OUTPUT = 40;
export const OUTPUT_NORM = 44;
/**
 * LAYER_FIELDS addresses a layer: norm, q, k, v, output, norm, gate, up, down, and the biases of q, k and v, 0 where there
 * is none.
 */
export const LAYER_TABLE = 48;
/** An f32 cosine and an f32 sine for each position and half of a head's width. */
export const ROPE = 52;

/** Vectors of floats that the engine works in. */
export const KEYS = 56;
export const VALUES = 60;
export const STATE = 64;
export const NORMED = 68;
export const QUERY = 72;
export const SCORES = 76;
export const GATE = 80;
export const UP = 84;
export const LOGITS = 88;
/** A vector as bytes, its scales, and eight times the sums of its groups, for matrices of 8 and 4 bits. */
export const QUANTS = 92;
export const QUANT_SCALES = 96;
export const QUANT_SUMS = 100;
/** A group of 4-bit weights as bytes. */
export const UNPACKED = 104;

export const TOKENIZER = 108;
export const SPLIT = 112;
/** Offsets of the pieces in PIECE_BYTES, one more than there are pieces. */
export const PIECE_OFFSETS = 116;
export const PIECE_BYTES = 120;
/** Tokens of bytes (256), or a table of code points and tokens, with its number of places less 1. */
export const SYMBOLS = 124;
export const SYMBOLS_MASK = 128;
/** A table of left, right, rank, merged. */
export const PAIRS = 132;
export const PAIRS_MASK = 136;
/** A table of tokens by their bytes; 0 if words are always put together from bytes. */
export const WORDS = 140;
export const WORDS_MASK = 144;
/** Tokens of bytes that no piece has, for SentencePiece. */
export const BYTE_TOKENS = 148;
export const UNKNOWN = 152;
export const SPACE_PREFIX = 156;
/** Ranges of code points, first and last: letters, and numbers. */
export const LETTERS = 160;
export const LETTER_RANGES = 164;
export const NUMBERS = 168;
export const NUMBER_RANGES = 172;

/** Tokens that end an answer. */
export const STOPS = 176;
export const STOP_COUNT = 180;
/** TEMPLATE_PARTS addresses of lists of operations. */
export const TEMPLATE = 184;

/** The most bytes of a text that is cut into tokens at once. */
export const TEXT_BYTES = 188;
/** Tokens of the prompt and of the answer, CONTEXT of them. */
export const TOKENS = 192;
/** The tokens whose keys and values are in the cache. */
export const CACHED = 196;
/** SYMBOL_BYTES for each byte of a text: token, start, previous, next. */
export const CHAIN = 200;
/** HEAP_BYTES each: left symbol, rank, left token, right token; three for each byte of a text. */
export const HEAP = 204;
/** The first address that is free for the engine's own buffers. */
export const END = 208;

/** Where keys and values are kept as bytes: units of both (f32), else 0. VALUE_STRIDE is bytes from one dimension to the next. */
export const KEY_SCALES = 212;
export const VALUE_SCALES = 216;
export const VALUE_STRIDE = 220;
/** Floats of the position under way, bytes of a head's query, and of the shares of all positions. */
export const KEY_ROW = 224;
export const VALUE_ROW = 228;
export const HEAD_QUANTS = 232;
export const SHARES_HIGH = 236;
export const SHARES_LOW = 240;
export const HEADER_BYTES = 256;

export const LAYER_FIELDS = 12;
/** A description of a matrix: encoding, rows, columns, address of the weights, of the scales, weights in a group. */
export const MATRIX_ENCODING = 0;
export const MATRIX_ROWS = 4;
export const MATRIX_COLUMNS = 8;
export const MATRIX_WEIGHTS = 12;
export const MATRIX_SCALES = 16;
export const MATRIX_GROUP = 20;
export const MATRIX_BYTES = 24;
export const ENCODING_F32 = 0;
export const ENCODING_INT8 = 1;
export const ENCODING_INT4 = 2;

export const TOKENIZER_BYTES = 0;
export const TOKENIZER_PIECES = 1;
export const SPLIT_GPT2 = 0;
export const SPLIT_LLAMA3 = 1;
export const SPLIT_QWEN2 = 2;
export const SPLIT_SMOLLM = 3;
export const NO_TOKEN = -1;
export const PAIR_BYTES = 16;
export const SYMBOL_BYTES = 16;
export const HEAP_BYTES = 16;

/** Parts of a template, and the operations of each: a byte, and what follows it. */
export const TEMPLATE_BEGIN = 0;
export const TEMPLATE_SYSTEM = 4;
export const TEMPLATE_FIRST_USER = 8;
export const TEMPLATE_USER = 12;
export const TEMPLATE_ASSISTANT = 16;
export const TEMPLATE_ANSWER = 20;
export const TEMPLATE_BYTES = 24;
export const OPERATION_END = 0;
/** A u32: a token. */
export const OPERATION_TOKEN = 1;
/** A u32 length and so many bytes. */
export const OPERATION_TEXT = 2;
export const OPERATION_CONTENT = 3;
/** The content without white space around it. */
export const OPERATION_TRIMMED = 4;
