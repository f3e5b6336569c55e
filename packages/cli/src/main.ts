#!/usr/bin/env node
// The command `streams`.
import { Command } from 'commander';

await new Command('streams').parseAsync();
