import { optional, withDefault } from '../../base/parameter.ts'
import { boolean, text } from '../../base/value-kind.ts'
import { CliError } from '../cli-error.ts'
import { dataDirectoryParameter } from '../data-directory.ts'
import { formatJson, formatParameter } from '../output-format.ts'
import { defineVerb } from '../verb.ts'
import { storeParameters } from './store-parameters.ts'

const VARIABLE = { old: 'MEZITE_CA_KEY_PASSPHRASE', new: 'MEZITE_NEW_CA_KEY_PASSPHRASE' }

export const hubCaPassphrase = defineVerb({
  name: 'ca-passphrase',
  summary: 'add, change or remove the passphrase of the CA keys',
  description:
    'Seals the CA keys and the key of the audit log in the store of a hub that is stopped under another passphrase, all of them at once, and writes the store anew so that nothing of before is left in it. Give the passphrase that they have, if any, and the new one: in files or variables, never on the command line, where others see it. Backups of before stay as they are, under the old passphrase or none.',
  parameters: {
    caKeyPassphrase: optional(text('PASSPHRASE'), {
      help: 'the passphrase that they have',
      env: VARIABLE.old,
      secret: true,
    }),
    newCaKeyPassphrase: optional(text('PASSPHRASE'), {
      help: 'the one that they get',
      env: VARIABLE.new,
      secret: true,
    }),
    remove: withDefault(boolean, 'false', { help: 'have no passphrase from then on' }),
    dataDir: dataDirectoryParameter,
    store: storeParameters.store,
    ...formatParameter,
  },
  examples: [
    { command: 'mezhub ca-passphrase --new-ca-key-passphrase-file=new', does: 'add a first one' },
    {
      command: 'mezhub ca-passphrase --ca-key-passphrase-file=old --new-ca-key-passphrase-file=new',
      does: 'change it',
    },
    {
      command: 'mezhub ca-passphrase --ca-key-passphrase-file=old --remove',
      does: 'do without',
    },
  ],
  seeAlso: ['mezhub start', 'mezhub backup', 'mezctl ca ls'],
  async run(values, { clock, random, uid, stdout }, { origins }) {
    const { caKeyPassphrase: old, newCaKeyPassphrase: next, remove, dataDir, format } = values
    if (values.store !== undefined) {
      const { requireEmbedded } = await import('./postgres-target.ts')
      requireEmbedded(values.store, 'give the passphrase at the first start of the first hub')
    }
    requireHidden(origins.caKeyPassphrase, '--ca-key-passphrase')
    requireHidden(origins.newCaKeyPassphrase, '--new-ca-key-passphrase')
    if (remove === (next !== undefined)) {
      throw new CliError('usage', 'give a new passphrase, or --remove', {
        hint: `--new-ca-key-passphrase-file=FILE, - for standard input, or ${VARIABLE.new}`,
      })
    }
    const { resealKeys } = await import('../../auth/resealing.ts')
    const { createKeySealer } = await import('../../auth/sealed-key.ts')
    const { openSqliteStore } = await import('../../auth/store/sqlite/open.ts')
    const { scrub } = await import('../../auth/store/sqlite/scrub.ts')
    const place = { directory: dataDir, clock, random, pid: process.pid, uid }
    const change = remove ? 'removed' : old === undefined ? 'added' : 'changed'
    await requireStore(dataDir)
    const store = await openSqliteStore(place)
    let keys: number
    try {
      keys = await resealKeys({
        ...{ store, clock, change },
        before: createKeySealer(old, random),
        after: createKeySealer(next, random),
      })
    } finally {
      await store.close()
    }
    await scrub(place)
    stdout.write(
      format === 'json'
        ? formatJson({ passphrase: change, keys })
        : `Passphrase ${change}: ${keys} keys are sealed anew.\n${NEXT[change]}`,
    )
  },
})

const NEXT = {
  added: 'From now on the hub needs it to start: mezhub start --ca-key-passphrase-file=FILE\n',
  changed: 'From now on the hub needs the new one to start. Backups of before need the old one.\n',
  removed: 'Whoever reads the data directory, or a backup of it, can issue certificates.\n',
}

/** What stands on a command line is read by every user of the machine. */
function requireHidden(origin: string | undefined, flag: string): void {
  if (origin !== flag) return
  throw new CliError('usage', `${flag} is seen by everybody on this machine`, {
    hint: `put the passphrase into a file: ${flag}-file=FILE, - for standard input`,
  })
}

/** Nothing is made where nothing is. @throws CliError `not-found` */
async function requireStore(dataDir: string): Promise<void> {
  const { existsSync } = await import('node:fs')
  const { join } = await import('node:path')
  if (existsSync(join(dataDir, 'hub.db'))) return
  throw new CliError('not-found', `there is no hub's store in ${dataDir}`, {
    hint: 'name its data directory with --data-dir',
  })
}
