// Adds up vitest's JSON reports of all suites. A suite that could not run counts as one skipped.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const directory = process.argv[2];
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of readdirSync(directory)) {
  if (!name.endsWith('.json')) continue;
  const report = JSON.parse(readFileSync(`${directory}/${name}`, 'utf8'));
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests;
  sum.skipped += report.numPendingTests + report.numTodoTests;
  // a file that could not even be loaded has no tests to count
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  for (const file of broken) console.log(`could not run ${file.name}: ${file.message}`);
  sum.failed += broken.length;
}
const listed = `${directory}/skipped`;
const suitesSkipped = existsSync(listed) ? readFileSync(listed, 'utf8').trim().split('\n').length : 0;
sum.skipped += suitesSkipped;
if (suitesSkipped > 0 && process.env.CI) {
  console.log('a suite that must run here was skipped');
  sum.failed++;
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
