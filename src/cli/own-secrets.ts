/**
 * Secrets that a program was given on its command line or in its environment: seen by nobody else for
 * longer than can be helped, and by no program that it starts.
 */

/** The flags of `mezhub` and `mezd` that are secrets themselves. */
const FLAGS = ['--ca-key-passphrase', '--new-ca-key-passphrase', '--join-token', '--store-password']

/** Their environment variables. */
export const SECRET_VARIABLES: readonly string[] = FLAGS.map(
  (flag) => `MEZITE_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`,
)

type Variables = Readonly<Record<string, string | undefined>>

/** The command line without the values of its secrets; undefined when it has none. */
export function withoutSecrets(words: readonly string[]): readonly string[] | undefined {
  const hidden = words.map((word, at) => {
    const before = words[at - 1] ?? ''
    if (FLAGS.includes(before)) return HIDDEN
    const flag = FLAGS.find((each) => word.startsWith(`${each}=`))
    return flag === undefined ? word : `${flag}=${HIDDEN}`
  })
  return hidden.some((word, at) => word !== words[at]) ? hidden : undefined
}

const HIDDEN = '...'

/** What a program that isn't Mezite's is started with. */
export function environmentForOthers(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !SECRET_VARIABLES.includes(entry[0]),
    ),
  )
}
