import { optional, required } from '../../../base/parameter.ts'
import { choice } from '../../../base/value-kind.ts'

export const CA_TYPES = ['user', 'host', 'tls'] as const

export const whichCa = required(choice(...CA_TYPES), { help: 'which CA' })

export const anyCa = optional(choice(...CA_TYPES), { help: 'only this CA', defaultText: 'all' })
