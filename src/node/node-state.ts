/**
 * The secret part of a node's state directory (0700, files 0600):
 *
 * - `node.json`: the newest generation that the hub is known to have issued
 * - `pending-join.json`, `pending-renewal.json`: keys that the hub may have certified already
 * - `lock`, `lock-holder`: the hold, and who has it
 * - `events/`, `sessions/`: what has yet to be told, and who is in
 * - `progress.json`: what the agent last did, for `mezd node status`
 */
import { join } from 'node:path'
import {
  type FileSystem,
  removeDurably,
  syncDirectory,
  writeFileDurably,
} from '../base/file-system.ts'
import { IdentityError, onFiles } from '../identity/errors.ts'
import type { ExchangeState } from '../identity/exchange.ts'
import type { JsonFields } from '../identity/json-fields.ts'
import { readStateFile } from '../identity/state.ts'
import { NodeError } from './errors.ts'
import type { NodeIdentity, NodeKeys } from './node-identity.ts'
import {
  encodeNodeIdentity,
  encodePendingNode,
  type PendingNode,
  type PendingNodeJoin,
  type PendingNodeRenewal,
  parseNodeIdentity,
  parsePendingNodeJoin,
  parsePendingNodeRenewal,
} from './node-identity-file.ts'

const PRIVATE = { mode: 0o600 }

/** Every writing is on the disk when it resolves. All throw IdentityError, or NodeError `state-corrupt`. */
export class NodeState implements ExchangeState<NodeKeys, NodeIdentity> {
  readonly #fs: FileSystem
  readonly path: string
  readonly #owner: number | undefined

  /**
   * @param path a directory that is safe already
   * @param owner whose its files must be; left out: anyone's, for who only looks
   */
  constructor(fs: FileSystem, path: string, owner?: number) {
    this.#fs = fs
    this.path = path
    this.#owner = owner
  }

  settle(): Promise<void> {
    return onFiles(this.path, () => syncDirectory(this.#fs, this.path))
  }

  readIdentity(): Promise<NodeIdentity | undefined> {
    return this.#read('node.json', parseNodeIdentity)
  }

  writeIdentity(identity: NodeIdentity): Promise<void> {
    return this.#write('node.json', encodeNodeIdentity(identity))
  }

  readPendingJoin(): Promise<PendingNodeJoin | undefined> {
    return this.#read('pending-join.json', parsePendingNodeJoin)
  }

  readPendingRenewal(): Promise<PendingNodeRenewal | undefined> {
    return this.#read('pending-renewal.json', parsePendingNodeRenewal)
  }

  writePending(pending: PendingNode): Promise<void> {
    return this.#write(`pending-${pending.purpose}.json`, encodePendingNode(pending))
  }

  dropPending(purpose: PendingNode['purpose']): Promise<void> {
    const path = join(this.path, `pending-${purpose}.json`)
    return onFiles(path, () => removeDurably(this.#fs, path))
  }

  #write(name: string, text: string): Promise<void> {
    const path = join(this.path, name)
    return onFiles(path, () => writeFileDurably(this.#fs, path, text, PRIVATE))
  }

  async #read<Value>(
    name: string,
    parse: (fields: JsonFields) => Value,
  ): Promise<Value | undefined> {
    try {
      return await readStateFile(this.#fs, join(this.path, name), parse, this.#owner)
    } catch (error) {
      if (!(error instanceof IdentityError) || error.code !== 'state-corrupt') throw error
      throw new NodeError('state-corrupt', error.message, {
        hint: 'move the state directory away and join again: mezctl tokens create --roles=node',
      })
    }
  }
}
