// Prints `N passed, N failed` as the very last line of a test run, for .ci/run. Whatever else fails the run counts as failed too.
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export class Summary implements Reporter {
  #passed = 0;
  #failed = 1; // until the run has ended: a run that breaks off has failed

  onInit(): void {
    process.once('exit', (code) => console.log(`${this.#passed} passed, ${this.#failed || (code === 0 ? 0 : 1)} failed`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]).map((test) => test.result().state);
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const brokenSuites = suites.filter((suite) => suite.errors().length > 0); // a failed import or hook, whose tests are only skipped
    this.#passed = tests.filter((state) => state === 'passed').length;
    const unfinished = tests.filter((state) => state === 'failed' || state === 'pending');
    this.#failed = unfinished.length + brokenSuites.length + unhandledErrors.length;
  }
}
