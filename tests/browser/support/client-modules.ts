import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import ts from 'typescript';

const SOURCES = fileURLToPath(new URL('../../../client/src/', import.meta.url));
const PROTOCOL = fileURLToPath(new URL('../../../protocol/typescript/protocol.ts', import.meta.url));
const PATH = '/client-modules/';

/** Serves the client's framework-free modules one by one, so that a page can import them. Returns the base path. */
export async function serveClientModules(page: Page): Promise<string> {
  await page.route(`**${PATH}**`, async (route) => {
    const module = new URL(route.request().url()).pathname.slice(PATH.length);
    const source = await readFile(module === 'protocol' ? PROTOCOL : `${SOURCES}${module}.ts`, 'utf8');
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, isolatedModules: true };
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    await route.fulfill({
      contentType: 'text/javascript',
      body: outputText.replaceAll("'$protocol'", `'${PATH}protocol'`),
    });
  });
  return PATH;
}
