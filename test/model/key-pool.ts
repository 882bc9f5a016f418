/** Real keys behind the model's numbers, made when they are first needed. */
import type { KeyObject } from 'node:crypto'
import { sha256 } from '../../src/base/bytes.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { proveKey } from '../../src/x509/key-proof.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import { drawIdentityKey } from '../fakes/auth.ts'
import type { Newest, Request } from './hub-state.ts'

interface Identity {
  readonly privateKey: KeyObject
  readonly spki: Buffer
  readonly fingerprint: Buffer
}

interface Ssh {
  readonly blob: Buffer
  readonly fingerprint: Buffer
}

export class KeyPool {
  readonly #identity: Identity[] = []
  readonly #ssh: Ssh[] = []
  readonly #stranger = drawIdentityKey()
  readonly #proofs = new Map<string, Buffer>()
  readonly #provesAll: boolean

  /** @param provesAll every caller passes for the holder of every key */
  constructor(provesAll: boolean) {
    this.#provesAll = provesAll
  }

  identity(key: number): Identity {
    return at(this.#identity, key, () => {
      const privateKey = drawIdentityKey()
      const spki = spkiOfPrivateKey(privateKey)
      return { privateKey, spki, fingerprint: sha256(spki) }
    })
  }

  ssh(ssh: number): Ssh {
    return at(this.#ssh, ssh, () => {
      const { blob } = publicKeyFrom(generatePrivateKey('ecdsa-sha2-nistp256'))
      return { blob, fingerprint: sha256(blob) }
    })
  }

  /** The two keys as they are asked for, with a proof or what a caller without the key could make up. */
  asked({ key, ssh, proves }: Request) {
    const { privateKey, spki } = this.identity(key)
    const sshPublicKey = this.ssh(ssh).blob
    const isProven = proves || this.#provesAll
    const about = `${isProven ? key : 'nobody'} ${ssh}`
    const keyProof =
      this.#proofs.get(about) ?? proveKey(isProven ? privateKey : this.#stranger, sshPublicKey)
    this.#proofs.set(about, keyProof)
    return { identityPublicKey: spki, sshPublicKey, keyProof }
  }

  /** As a record has them. */
  stored({ generation, key, previous, ssh }: Newest) {
    return {
      generation: BigInt(generation),
      keyFingerprint: this.identity(key).fingerprint,
      previousKeyFingerprint:
        previous === undefined ? undefined : this.identity(previous).fingerprint,
      sshKeyFingerprint: this.ssh(ssh).fingerprint,
    }
  }

  /** What a record has. */
  named(stored: ReturnType<KeyPool['stored']>) {
    const { generation, keyFingerprint, previousKeyFingerprint, sshKeyFingerprint } = stored
    return {
      generation: Number(generation),
      key: indexOf(this.#identity, keyFingerprint),
      previous: previousKeyFingerprint && indexOf(this.#identity, previousKeyFingerprint),
      ssh: indexOf(this.#ssh, sshKeyFingerprint),
    }
  }

  get identities(): readonly Identity[] {
    return this.#identity
  }
}

function at<Key>(pool: Key[], index: number, make: () => Key): Key {
  while (pool.length <= index) pool.push(make())
  const found = pool[index]
  if (found === undefined) throw new Error(`no key ${index}`)
  return found
}

function indexOf(pool: readonly { readonly fingerprint: Buffer }[], wanted: Uint8Array): number {
  const index = pool.findIndex(({ fingerprint }) => fingerprint.equals(wanted))
  if (index < 0) throw new Error('a key that nobody asked for')
  return index
}
