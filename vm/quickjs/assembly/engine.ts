// docs/vm.md#quickjs: the exports of quickjs-wasi that the glue calls. A `Value` is the address of a boxed JavaScript
// value.

export type Value = u32;

@external("main", "wasm_malloc")
export declare function allocate(bytes: u32): u32;

@external("main", "wasm_free")
export declare function release(pointer: u32): void;

@external("main", "memchr")
export declare function findByte(pointer: u32, byte: i32, length: u32): u32;

@external("main", "qjs_get_context_ptr")
export declare function contextPointer(): u32;

@external("main", "qjs_get_undefined")
export declare function newUndefined(): Value;

@external("main", "qjs_get_true")
export declare function newTrue(): Value;

@external("main", "qjs_get_false")
export declare function newFalse(): Value;

@external("main", "qjs_new_number")
export declare function newNumber(value: f64): Value;

@external("main", "qjs_new_string")
export declare function newString(pointer: u32, length: u32): Value;

@external("main", "qjs_new_uint8_array")
export declare function newBytes(pointer: u32, length: u32): Value;

@external("main", "qjs_get_float64")
export declare function toNumber(value: Value): f64;

@external("main", "qjs_is_string")
export declare function isString(value: Value): i32;

@external("main", "qjs_is_exception")
export declare function isException(value: Value): i32;

@external("main", "qjs_get_string_len")
export declare function toText(value: Value, lengthResult: u32): u32;

@external("main", "qjs_free_cstring")
export declare function releaseText(pointer: u32): void;

@external("main", "qjs_free_value")
export declare function releaseValue(value: Value): void;

@external("main", "qjs_call")
export declare function callFunction(callee: Value, receiver: Value, count: i32, values: u32): Value;

@external("main", "qjs_get_exception")
export declare function takeException(): Value;

@external("main", "qjs_is_job_pending")
export declare function isJobPending(): i32;

@external("main", "qjs_execute_pending_job")
export declare function runJob(): i32;

/** Parses UTF-8 JSON in place; the byte after it must be zero. Returns a raw value. */
@external("main", "JS_ParseJSON")
export declare function parseJson(context: u32, pointer: u32, length: u32, fileName: u32): u64;

/** Address of a Uint8Array's bytes, or 0 with a TypeError pending. Takes a raw value. */
@external("main", "JS_GetUint8Array")
export declare function bytesOf(context: u32, lengthResult: u32, value: u64): u32;

@external("main", "JS_ThrowOutOfMemory")
export declare function throwOutOfMemory(context: u32): u64;

@external("main", "JS_GetPropertyUint32")
export declare function propertyAt(context: u32, object: u64, index: u32): u64;

@external("main", "JS_GetProperty")
export declare function propertyOf(context: u32, object: u64, atom: u32): u64;

/** Writes the address of the names, and their number. A result below 0 is an exception. */
@external("main", "JS_GetOwnPropertyNames")
export declare function ownNames(context: u32, namesResult: u32, countResult: u32, object: u64, flags: i32): i32;

@external("main", "JS_FreePropertyEnum")
export declare function freeOwnNames(context: u32, names: u32, count: u32): void;

/** Writes an i64. A result below 0 is an exception. */
@external("main", "JS_GetLength")
export declare function lengthOf(context: u32, object: u64, lengthResult: u32): i32;

@external("main", "JS_IsArray")
export declare function isList(value: u64): i32;

/** A result below 0 is an exception. */
@external("main", "JS_FreezeObject")
export declare function freezeObject(context: u32, object: u64): i32;

@external("main", "JS_FreeValue")
export declare function releaseRaw(context: u32, value: u64): void;

@external("main", "JS_DupValue")
export declare function retain(context: u32, value: u64): u64;

/** JS_CLASS_OBJECT and JS_CLASS_ARRAY of QuickJS are 1 and 2; a proxy is neither. */
@external("main", "JS_GetClassID")
export declare function classOf(value: u64): u32;

/** The caller releases the result. */
@external("main", "JS_GetClassProto")
export declare function prototypeOfClass(context: u32, classId: u32): u64;

/** The caller releases the result. */
@external("main", "JS_GetPrototype")
export declare function prototypeOf(context: u32, object: u64): u64;

/**
 * The result is 1 if the descriptor is written, whose value the caller releases. For a plain object or an array no code
 * of the user runs.
 */
@external("main", "JS_GetOwnProperty")
export declare function ownProperty(context: u32, descriptor: u32, object: u64, atom: u32): i32;

/** UTF-8 of the name; `releaseUtf8` gives it back. */
@external("main", "JS_AtomToCStringLen")
export declare function nameText(context: u32, lengthResult: u32, atom: u32): u32;

/**
 * UTF-8 of a text, with half a surrogate pair in three bytes; for an ASCII text these are the engine's own bytes.
 * `releaseUtf8` gives it back.
 */
@external("main", "JS_ToCStringLen2")
export declare function utf8Of(context: u32, lengthResult: u32, value: u64, cesu8: i32): u32;

@external("main", "JS_FreeCString")
export declare function releaseUtf8(context: u32, pointer: u32): void;

@external("main", "JS_ToString")
export declare function stringOf(context: u32, value: u64): u64;

/** Writes an f64. */
@external("main", "JS_ToFloat64")
export declare function floatOf(context: u32, result: u32, value: u64): i32;

@external("main", "JS_NewObject")
export declare function newObject(context: u32): u64;

@external("main", "JS_NewArray")
export declare function newEmptyList(context: u32): u64;

/** Takes over the values. */
@external("main", "JS_NewArrayFrom")
export declare function newList(context: u32, count: u32, values: u32): u64;

/** Takes over the value. The result is 1 if it is defined. */
@external("main", "JS_DefinePropertyValue")
export declare function defineProperty(context: u32, object: u64, atom: u32, value: u64, flags: i32): i32;

@external("main", "JS_PreventExtensions")
export declare function preventExtensions(context: u32, object: u64): i32;

/** A raw text from UTF-8. */
@external("main", "JS_NewStringLen")
export declare function textOf(context: u32, pointer: u32, length: u32): u64;

@external("main", "JS_NewAtomLen")
export declare function newName(context: u32, pointer: u32, length: u32): u32;

@external("main", "JS_FreeAtom")
export declare function releaseName(context: u32, atom: u32): void;

/** A raw number; it is an integer if it fits 32 bits. */
@external("main", "JS_NewNumber")
export declare function rawNumber(context: u32, value: f64): u64;
