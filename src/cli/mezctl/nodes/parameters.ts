import { required } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'

export const nodeNameParameter = { name: required(text('NAME'), { help: "the node's name" }) }
