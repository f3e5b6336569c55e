#!/usr/bin/env node
// The command `streams`.
import { freeBuffersAtOnce } from './io/v8-flags.ts';
import { run } from './program.ts';

freeBuffersAtOnce();
process.exitCode = await run(process.argv.slice(2));
