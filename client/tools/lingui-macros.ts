import { transformAsync } from '@babel/core';
import macros from '@lingui/babel-plugin-lingui-macro';
import type { Plugin } from 'vite';

/** Replaces Lingui's macros by lookups in the language's catalogue. Only `src/text/` uses them. */
export function linguiMacros(): Plugin {
  return {
    name: 'lingui-macros',
    enforce: 'pre',
    async transform(code, id) {
      if (!/\/src\/text\/[^/]+\.ts$/.test(id)) return null;
      const result = await transformAsync(code, {
        filename: id,
        configFile: false,
        babelrc: false,
        sourceMaps: true,
        parserOpts: { plugins: ['typescript'] },
        plugins: [macros],
      });
      return result?.code == null ? null : { code: result.code, map: result.map ?? null };
    },
  };
}
