import type { Flag, Place } from './words.ts'

/**
 * A completion script for bash 4 and newer. It walks the words before the cursor down the tree of
 * verbs, stepping over the values of flags, and offers what is possible there.
 */
export function bashCompletion(program: string, places: readonly Place[]): string {
  const name = `_${program}_completion`
  return `# Completion for ${program}. Load it with: source <(${program} completion bash)
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path='' word i
  COMPREPLY=()
  # Bash cuts --flag=value at the equals sign.
  if [[ $current == '=' ]]; then current=''; elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path $word" in
${places.flatMap(steps).join('\n')}
    esac
  done
  case "$path:$previous" in
${places.flatMap(valueCases).join('\n')}
  esac
  case $path in
${places.map(wordCase).join('\n')}
  esac
}
complete -F ${name} ${program}
`
}

function steps({ path, verbs }: Place): readonly string[] {
  return verbs.map(({ name }) => {
    const next = path === '' ? name : `${path} ${name}`
    return `      '${path} ${name}') path='${next}' ;;`
  })
}

function valueCases({ path, flags }: Place): readonly string[] {
  return flags.flatMap((flag) => {
    const reply = valueReply(flag)
    return reply === undefined ? [] : [`    '${path}:${flag.name}') ${reply}; return ;;`]
  })
}

function valueReply({ value }: Flag): string | undefined {
  switch (value) {
    case undefined:
      return undefined
    case 'nothing':
      return 'COMPREPLY=()'
    case 'file':
      return 'mapfile -t COMPREPLY < <(compgen -f -- "$current")'
    case 'directory':
      return 'mapfile -t COMPREPLY < <(compgen -d -- "$current")'
    default:
      return `mapfile -t COMPREPLY < <(compgen -W '${value.join(' ')}' -- "$current")`
  }
}

function wordCase({ path, verbs, flags }: Place): string {
  const names = verbs.map(({ name }) => name).join(' ')
  const flagNames = flags.map(({ name }) => name).join(' ')
  // Flags are offered once a dash is typed, or where there is nothing else.
  const words =
    names === '' ? flagNames : `$([[ $current == -* ]] && echo '${flagNames}' || echo '${names}')`
  const quoted = names === '' ? `'${words}'` : `"${words}"`
  return `    '${path}') mapfile -t COMPREPLY < <(compgen -W ${quoted} -- "$current") ;;`
}
