import type { Flag, Place } from './words.ts'

/** A completion script for fish. */
export function fishCompletion(program: string, places: readonly Place[]): string {
  const at = `__${program}_at`
  return `# Completion for ${program}. Load it with: ${program} completion fish | source
function ${at} --description 'whether the words so far lead to this place'
    set -l path
    for word in (commandline -opc)[2..]
        if contains -- "$path $word" ${places.flatMap(steps).map(quote).join(' ')}
            set path (string trim "$path $word")
        end
    end
    test "$path" = "$argv"
end
complete -c ${program} -f
${places.flatMap((place) => completions(program, at, place)).join('\n')}
`
}

function steps({ path, verbs }: Place): readonly string[] {
  return verbs.map(({ name }) => `${path} ${name}`)
}

function completions(program: string, at: string, place: Place): readonly string[] {
  const here = `complete -c ${program} -n ${quote(`${at} ${place.path}`.trim())}`
  return [
    ...place.verbs.map(({ name, help }) => `${here} -a ${name} -d ${quote(help)}`),
    ...place.flags.map(
      (flag) => `${here} -l ${flag.name.slice(2)} -d ${quote(flag.help)}${valueClause(flag)}`,
    ),
  ]
}

function valueClause({ value }: Flag): string {
  switch (value) {
    case undefined:
      return ''
    case 'nothing':
      return ' -x'
    case 'file':
      return ' -r -F'
    case 'directory':
      return " -x -a '(__fish_complete_directories)'"
    default:
      return ` -x -a ${quote(value.join(' '))}`
  }
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
