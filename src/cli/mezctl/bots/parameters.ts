import { required } from '../../../base/parameter.ts'
import { list, text } from '../../../base/value-kind.ts'

export const nameParameter = { name: required(text('NAME'), { help: "the bot's name" }) }

export const rolesParameter = {
  roles: required(list(text('ROLE')), { help: 'the roles that the bot has' }),
}
