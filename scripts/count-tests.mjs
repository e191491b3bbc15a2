/**
 * Prints `N passed, N failed` from vitest's JSON report, the smoke run counted as one more test. A test that was skipped or did not run
 * counts as failed: where this is used, every part a test needs is required.
 */
import { readFileSync } from 'node:fs';

const [file = '', smoke = '0'] = process.argv.slice(2);
const { numTotalTests, numPassedTests, numTodoTests = 0, success, testResults } = JSON.parse(readFileSync(file, 'utf8'));
const brokenFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
).length;
const passed = numPassedTests + (smoke === '0' ? 1 : 0);
let failed = numTotalTests - numPassedTests - numTodoTests + brokenFiles + (smoke === '0' ? 0 : 1);
// Errors outside of any test (an unhandled rejection, say) fail the run too.
if (!success && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
