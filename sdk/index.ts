// docs/sdk.md: everything that `import … from 'mizu'` gives. The only barrel of the project.
export { bundleWorkflow, type CompiledWorkflow, compileWorkflow } from './compile/compile.ts';
export { type LocalOptions, type LocalRun, runLocal } from './local/run-local.ts';
export * from './workflow/authoring.ts';
