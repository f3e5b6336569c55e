// Preloaded: from now on `bufferutil` cannot be found, as where it was not installed.
const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...others) {
  if (request !== 'bufferutil') return resolve.call(this, request, ...others);
  process._rawDebug('bufferutil was asked for');
  throw Object.assign(new Error("Cannot find module 'bufferutil'"), { code: 'MODULE_NOT_FOUND' });
};
