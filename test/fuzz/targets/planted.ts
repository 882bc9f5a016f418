import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { PlantedRefusal, readPlanted } from '../planted/reader.ts'

/** What the fuzzer itself is tried on. */
export const planted: FuzzTarget = {
  name: 'planted',
  largest: 64,
  words: [],
  mutations: BYTE_MUTATIONS,
  seeds: async () => [Buffer.from('seed')],
  run(input) {
    const read = unlessRefused(() => readPlanted(input), PlantedRefusal)
    return read === undefined ? 'refused' : 'accepted'
  },
}
