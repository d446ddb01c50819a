import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = /\.(html|js|css|svg|json|webmanifest|txt)$/;

/** Below this a compressed copy saves less than its header costs. */
const bytesMin = 512;

/** Puts a `.br` and a `.gz` beside every compressible file of the build, so that the server never compresses. */
export function precompress(): Plugin {
  let outDir = '';
  let isWritten = true;
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
      isWritten = config.build.write;
    },
    async closeBundle() {
      if (!isWritten) return;
      const files = await readdir(outDir, { recursive: true });
      await Promise.all(files.filter((file) => compressible.test(file)).map((file) => compress(join(outDir, file))));
    },
  };
}

async function compress(path: string): Promise<void> {
  const raw = await readFile(path);
  if (raw.length < bytesMin) return;
  const brotli = await promisify(brotliCompress)(raw, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
    },
  });
  await Promise.all([
    writeFile(`${path}.br`, brotli),
    writeFile(`${path}.gz`, await promisify(gzip)(raw, { level: 9 })),
  ]);
}
