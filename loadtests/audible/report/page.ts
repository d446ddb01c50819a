import type { Results } from './results.ts';
import { busyWarning, crowdText, exclusionText, runTable, table } from './tables.ts';

/** `docs/audible.md`: written by the measurement, not by hand. */
export function page(results: Results): string {
  const { machine, command, began, seconds, load, floor_ms, crowd } = results;
  const warning = busyWarning(results);
  return `# How far apart it is heard

Written by \`${command}\`. [loadtests/audible](../loadtests/audible/README.md) describes what is measured and how.
${warning === '' ? '' : `\n**${warning}**\n`}
Real players, each with its own output, are recorded and correlated second by second, in most rows for ${seconds} s per run. Offsets
are in ms, absolute, over all counted seconds of all runs. With three players, all pairs count. Players are Chromium unless
the row names another engine; Firefox plays small segments beside lossless ones. The gap between two halves is found by
comparison with the recording before it was cut and encoded: one sample is 0.021 ms. More memory is by how much the process
of a page is larger than before it played.

${table(results)}

![Every second of every run](images/audible.svg)

${exclusionText(results)}

${floor_ms === null ? '' : `The apparatus itself measures simultaneous sounds at most ${floor_ms.toFixed(3)} ms apart.\n`}
${crowd === null ? '' : `## Many players at once\n\n${crowdText(crowd)}\n`}
## Every run

${runTable(results)}

## Where and when

Commit ${machine.commit}${machine.changed ? ', with changes' : ''}, ${began}. ${machine.cores} cores of ${machine.processor}, ${machine.memory_gib} GiB, ${machine.system};
Node ${machine.node}, ${machine.chromium}, ${machine.firefox}, ${machine.webkitgtk}, ${machine.pulseaudio}. Load at the start: ${load.toFixed(2)}.
`.replaceAll(/\n{3,}/g, '\n\n');
}
