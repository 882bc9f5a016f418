import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bashCompletion } from '../../src/cli/completion/bash.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { placesOf } from '../../src/cli/completion/words.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { manPage } from '../reference/man-page.ts'
import { PROGRAMS } from '../reference/programs.ts'
import { referenceOf } from '../reference/reference.ts'
import { compressed } from './debian-package.ts'

const CHECKOUT = resolve(import.meta.dirname, '../..')

/** What an installation has beside the programs, by the paths of Debian's policy. */
export function documentation(
  version: string,
  epochSeconds: number,
): ReadonlyMap<string, string | Uint8Array> {
  const date = new Date(epochSeconds * 1000).toISOString().slice(0, 10)
  const doc = 'usr/share/doc/mezite'
  return new Map<string, string | Uint8Array>([
    [`${doc}/copyright`, readFileSync(join(CHECKOUT, 'LICENSE'))],
    [`${doc}/changelog.gz`, compressed(readFileSync(join(CHECKOUT, 'CHANGELOG.md'), 'utf8'))],
    ...PROGRAMS.flatMap((program): [string, string | Uint8Array][] => {
      const { name } = program
      const others = PROGRAMS.map((other) => other.name).filter((other) => other !== name)
      const page = manPage(referenceOf(program), { version, date, others })
      const places = placesOf(program)
      return [
        [`usr/share/man/man1/${name}.1.gz`, compressed(page)],
        [`usr/share/bash-completion/completions/${name}`, bashCompletion(name, places)],
        [`usr/share/zsh/vendor-completions/_${name}`, zshCompletion(name, places)],
        [`usr/share/fish/vendor_completions.d/${name}.fish`, fishCompletion(name, places)],
      ]
    }),
  ])
}
