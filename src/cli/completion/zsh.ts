import type { Flag, Place } from './words.ts'

/** A completion script for zsh: one function for each place in the tree of verbs. */
export function zshCompletion(program: string, places: readonly Place[]): string {
  return `#compdef ${program}
# Completion for ${program}. Load it with: source <(${program} completion zsh)
${places.map((place) => placeFunction(program, place)).join('\n')}
if [ "$funcstack[1]" = "_${program}" ]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}

function placeFunction(program: string, { path, verbs, flags }: Place): string {
  const flagLines = flags.map((flag) => `    ${quote(flagSpec(flag))} \\`).join('\n')
  if (verbs.length === 0) {
    return `${functionName(program, path)}() {
  _arguments \\
${flagLines}
    '*:argument:_files'
}
`
  }
  const verbLines = verbs.map(({ name, help }) => `    ${quote(`${name}:${escapeSpec(help)}`)}`)
  const cases = verbs.map(
    ({ name }) => `      ${name}) ${functionName(program, `${path} ${name}`)} ;;`,
  )
  return `${functionName(program, path)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a verbs=(
${verbLines.join('\n')}
  )
  _arguments -C \\
${flagLines}
    '1:verb:->verb' '*::argument:->rest'
  case $state in
    verb) _describe verb verbs ;;
    rest) case $words[1] in
${cases.join('\n')}
    esac ;;
  esac
}
`
}

function functionName(program: string, path: string): string {
  return ['', program, ...path.trim().split(' ').filter(Boolean)].join('_').replaceAll('-', '_')
}

function flagSpec({ name, help, value }: Flag): string {
  const described = `${name}${value === undefined ? '' : '='}[${escapeSpec(help)}]`
  switch (value) {
    case undefined:
      return described
    case 'nothing':
      return `${described}:value: `
    case 'file':
      return `${described}:file:_files`
    case 'directory':
      return `${described}:directory:_files -/`
    default:
      return `${described}:value:(${value.join(' ')})`
  }
}

const escapeSpec = (text: string): string => text.replace(/[\\[\]:]/g, (it) => `\\${it}`)

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
