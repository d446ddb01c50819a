import type { Results } from './results.ts';
import { asideWords, busyWarning, crowdWords, everyRun, table } from './words.ts';

/** `docs/audible.md`: written by the measurement, never by hand. */
export function page(results: Results): string {
  const { machine, command, began, seconds, load, floor_ms, crowd } = results;
  const warning = busyWarning(results);
  return `# How far apart it is heard

Written by \`${command}\`; what is measured and how stands in [loadtests/audible](../loadtests/audible/README.md).
${warning === '' ? '' : `\n**${warning}**\n`}
Real Chromium players, each with an output of its own, recorded and correlated second by second, ${seconds} s a run. In ms, of the
absolute offset over every second that counts, of every run. Of three players it is every two of them.

${table(results)}

![Every second of every run](images/audible.svg)

${asideWords(results)}

${floor_ms === null ? '' : `The apparatus itself hears what leaves together at most ${floor_ms.toFixed(3)} ms apart.\n`}
${crowd === null ? '' : `## Many players at once\n\n${crowdWords(crowd)}\n`}
## Every run

${everyRun(results)}

## Where and when

Commit ${machine.commit}${machine.changed ? ', with changes' : ''}, ${began}. ${machine.cores} cores of ${machine.processor}, ${machine.memory_gib} GiB, ${machine.system};
Node ${machine.node}, ${machine.chromium}, ${machine.pulseaudio}. Load at the start: ${load.toFixed(2)}.
`.replaceAll(/\n{3,}/g, '\n\n');
}
