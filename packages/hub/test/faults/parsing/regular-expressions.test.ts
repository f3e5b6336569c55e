// No text of 64 KiB makes any regular expression of the packages busy: each is tried on what makes backtracking explode.
import { readFileSync } from 'node:fs';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
