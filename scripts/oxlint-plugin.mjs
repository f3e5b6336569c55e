// Lint rules of our own, for what oxlint has no rule for. Loaded by .oxlintrc.json, tested in test/lint.test.ts.

const noBareError = {
  create: (context) => ({
    ThrowStatement({ argument }) {
      const bare = /^(New|Call)Expression$/.test(argument.type) && argument.callee.name === 'Error';
      if (bare) context.report({ node: argument, message: 'Throw a StreamsError: its code is what a caller can act on.' });
    },
  }),
};

export default { meta: { name: 'streams' }, rules: { 'no-bare-error': noBareError } };
