import { required } from '../../base/parameter.ts'
import { choice } from '../../base/value-kind.ts'
import { defineVerb } from '../verb.ts'

export const completionVerb = defineVerb({
  name: 'completion',
  summary: 'print a completion script for a shell',
  description:
    "Prints a script with which a shell completes verbs, flags and their values. Load it in the shell's startup file, or install it where the shell looks for such scripts.",
  parameters: { shell: required(choice('bash', 'zsh', 'fish'), { help: 'for which shell' }) },
  positional: ['shell'],
  examples: [
    { command: 'source <(mezctl completion bash)', does: 'in ~/.bashrc; with zsh in ~/.zshrc' },
    { command: 'mezctl completion fish | source', does: 'in ~/.config/fish/config.fish' },
  ],
  async run({ shell }, { stdout }, { program }) {
    const { placesOf } = await import('./words.ts')
    stdout.write((await generatorOf(shell))(program.name, placesOf(program)))
  },
})

async function generatorOf(shell: 'bash' | 'zsh' | 'fish') {
  switch (shell) {
    case 'bash':
      return (await import('./bash.ts')).bashCompletion
    case 'zsh':
      return (await import('./zsh.ts')).zshCompletion
    case 'fish':
      return (await import('./fish.ts')).fishCompletion
  }
}
