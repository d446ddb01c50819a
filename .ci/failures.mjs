// Lists the failed tests of JUnit reports, one line each with the start of the message: `.ci/failures.mjs REPORT...`.
import { readFileSync } from 'node:fs';

const LINE_CHARS_MAX = 300;
const plain = (text) =>
  text
    .replaceAll('<![CDATA[', '')
    .replaceAll(']]>', '')
    .replaceAll(/&(lt|gt|quot|apos|amp|#10|#xA);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[name] ?? '\n')
    .replaceAll(/\u001b\[[\d;]*m/g, '');

for (const file of process.argv.slice(2)) {
  for (const [, attributes, inside] of readFileSync(file, 'utf8').matchAll(/<testcase ([^>]*[^/])>(.*?)<\/testcase>/gs)) {
    const why = inside.match(/<(?:failure|error)\b[^>]*>(.*?)<\/(?:failure|error)>/s);
    if (why === null) continue;
    const name = attributes.match(/\bname="([^"]*)"/)?.[1] ?? '';
    const lines = plain(why[1]).split('\n').map((line) => line.trim());
    const wordy = lines.filter((line) => /panicked at|Error|Expected|Received|expect|assert|Timeout|left:|right:/.test(line));
    const words = (wordy.length > 0 ? wordy : lines.filter((line) => line !== '')).slice(0, 5).join(' | ');
    console.log(`failed: ${plain(name)}: ${words}`.slice(0, LINE_CHARS_MAX));
  }
}
