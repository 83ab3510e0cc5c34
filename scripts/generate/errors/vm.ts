// docs/errors.md: modules and bundles that make no program of the DataVM.
import type { TextsOf } from './text.ts';

export const VM_ERRORS = {
  'vm/bad-image': {
    means: 'The image of a program does not fit its module: the globals, pages or data segments are others.',
    cause: 'The image was taken from an instance of another module.',
    toDo: 'Take the image from an instance of the same module.',
  },
  'vm/bad-request': {
    means: 'A run cannot be started: its seed has not 32 bytes, or its gas limit is 2^62 or more.',
    toDo: 'Give a seed of 32 bytes and a smaller gas limit.',
  },
  'vm/bundle': {
    means: 'The top level of a bundle fails, sets no main function, or asks for something that only a task has.',
    cause: 'Code at the top level reads inputs, parameters or the clock. It runs once, when the program is built.',
    toDo: 'Move that code into the function that is called for each task.',
  },
  'vm/data-out-of-bounds': {
    means: 'A data segment of the module does not fit its initial memory.',
    toDo: 'Build the module with a larger initial memory. No engine would instantiate it as it is.',
  },
  'vm/import-type': {
    means: 'The module imports a function of the DataVM with other parameters or results than it has.',
    cause: 'The module was compiled for another version of WASI.',
    toDo: 'Compile it for WASI preview 1 (`wasm32-wasip1`).',
  },
  'vm/invalid': {
    means: "The module does not pass WebAssembly's validation.",
    toDo: 'Build it again with an up-to-date compiler.',
  },
  'vm/malformed': {
    means: 'The bytes are no WebAssembly module from the named byte on.',
    cause: 'The file is text or an archive, or it was cut off or damaged.',
    toDo: 'Pass the `.wasm` file itself, and build it again if it is damaged.',
  },
  'vm/no-entry': {
    means: 'The module exports no function without parameters and results by the name of the entry.',
    toDo: 'Build a WASI command, which exports `_start`, or name another entry.',
  },
  'vm/no-start': {
    means: 'The module does not export `_start`.',
    cause: 'It was compiled as a library.',
    toDo: 'Compile it as a WASI command with a main function.',
  },
  'vm/reactor': {
    means: 'The module is a WASI reactor: it exports `_initialize`. A data program is a command.',
    toDo: 'Compile it as a command: clang without `-mexec-model=reactor`, Rust as a bin target.',
  },
  'vm/table-out-of-bounds': {
    means: "An element segment does not fit the module's function table.",
    toDo: 'Build the module again. No engine would instantiate it as it is.',
  },
  'vm/too-large': {
    means: 'The module has more of something (bytes, functions, instructions, …) than a program may have.',
    toDo: 'Split the program, or build it for size.',
  },
  'vm/unfit-program': {
    means: 'A part of a program is outside of what every engine takes ([fit](vm.md#fit)).',
    cause: 'Somebody has written the program by hand, or changed one after its lowering.',
    toDo: 'Take the program as its module lowers to it.',
  },
  'vm/unknown-import': {
    means: 'The module imports a function that the DataVM does not offer.',
    cause: 'It was compiled for a browser, for another host, or for a later WASI.',
    toDo: 'Compile it for WASI preview 1 (`wasm32-wasip1`) as a command that reads stdin and writes stdout.',
  },
  'vm/unsupported-feature': {
    means: 'The module uses a feature of WebAssembly that the DataVM does not have.',
    toDo: 'Build it without that feature; the hint names the flag of the compiler.',
  },
} as const satisfies TextsOf<'vm'>;
