/**
 * The first byte of every encoded value. Numbers are only ever appended; docs/protocol-values.md holds the same table.
 *
 * Four ranges hold a small number in the tag itself: 0x00-0x7f the integers 0 to 127, 0x80-0x9f the length of a
 * short one-byte string, 0xa0-0xaf the length of a short array, 0xb0-0xbf and 0xc0-0xcf the upper four bits of a
 * record's key list.
 */
export const TAG_SHORT_STRING = 0x80;
export const TAG_SHORT_ARRAY = 0xa0;
export const TAG_RECORD = 0xb0;
export const TAG_OPEN_RECORD = 0xc0;

export const TAG_UNDEFINED = 0xd0;
export const TAG_NULL = 0xd1;
export const TAG_FALSE = 0xd2;
export const TAG_TRUE = 0xd3;
export const TAG_INT8 = 0xd4;
export const TAG_INT16 = 0xd5;
export const TAG_INT32 = 0xd6;
export const TAG_DOUBLE = 0xd7;
export const TAG_BIGINT64 = 0xd8;
export const TAG_BIGINT_POSITIVE = 0xd9;
export const TAG_BIGINT_NEGATIVE = 0xda;
export const TAG_ONE_BYTE_STRING = 0xdb;
export const TAG_UTF8_STRING = 0xdc;
export const TAG_UTF16_STRING = 0xdd;
export const TAG_ARRAY = 0xde;
export const TAG_SPARSE_ARRAY = 0xdf;
export const TAG_HOLE = 0xe0;
export const TAG_HOLES = 0xe1;
export const TAG_END = 0xe2;
export const TAG_SEEN = 0xe3;
export const TAG_MAP = 0xe4;
export const TAG_SET = 0xe5;
export const TAG_DATE = 0xe6;
export const TAG_REGEXP = 0xe7;
export const TAG_BOXED = 0xe8;
export const TAG_BYTES = 0xe9;
export const TAG_SEGMENT = 0xea;
export const TAG_WINDOW = 0xeb;
export const TAG_ERROR = 0xec;
export const TAG_URL = 0xed;
export const TAG_URL_SEARCH_PARAMS = 0xee;
export const TAG_EXTENSION = 0xef;

/** Bits of the first byte of a body; the others are 0. */
export const FLAG_KEY_LISTS = 1;
/** At least one `TAG_SEEN` follows: without it a reader need not remember the objects it makes. */
export const FLAG_SEEN = 2;

/** The longest string and array whose length fits in their tag. */
export const SHORT_STRING_MAX = 31;
export const SHORT_ARRAY_MAX = 15;

/** Key lists per message: twelve bits, of which 0 is the empty list. */
export const KEY_LISTS_MAX = 4_095;
/** Keys in one list; an object with more sends the rest as key and value pairs. */
export const KEY_LIST_LENGTH_MAX = 64;
/** Bytes of a key list before its keys. */
export const KEY_LIST_HEADER = 5;

/** Bits that say which parts of an error follow, in this order. */
export const ERROR_HAS_NAME = 1;
export const ERROR_HAS_MESSAGE = 2;
export const ERROR_HAS_STACK = 4;
export const ERROR_HAS_CAUSE = 8;
export const ERROR_HAS_ERRORS = 16;
export const ERROR_HAS_CLASS = 32;
export const ERROR_FLAGS = 63;
