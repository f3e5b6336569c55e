#!/usr/bin/env node
// The command `streams`.
import { keepDebuggerOut } from './io/debugger.ts';
import { freeBuffersAtOnce } from './io/v8-flags.ts';

keepDebuggerOut();
freeBuffersAtOnce();
// Loaded only now, so that the first comes first.
const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));
