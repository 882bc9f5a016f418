/** Every reader of what others wrote. */
import type { FuzzTarget } from '../engine/target.ts'

type Targets = Readonly<Record<string, () => Promise<FuzzTarget>>>

/** Each is loaded when it is asked for, so that coverage is of its own code. */
export const TARGETS: Targets = {
  'ssh-wire': async () => (await import('./ssh-wire.ts')).sshWire,
  'ssh-public-key': async () => (await import('./ssh-keys.ts')).publicKey,
  'ssh-key-line': async () => (await import('./ssh-keys.ts')).keyLine,
  'ssh-private-key': async () => (await import('./ssh-keys.ts')).privateKey,
  'ssh-signature': async () => (await import('./ssh-keys.ts')).signature,
  'ssh-certificate': async () => (await import('./ssh-certificate.ts')).certificate,
  'ssh-krl': async () => (await import('./ssh-krl.ts')).krl,
  'known-hosts': async () => (await import('./ssh-files.ts')).knownHosts,
  'ssh-config': async () => (await import('./ssh-files.ts')).sshConfig,
  'x509-certificate': async () => (await import('./x509-certificate.ts')).certificate,
  'x509-pem': async () => (await import('./x509-pem.ts')).pem,
  'x509-spki': async () => (await import('./x509-names.ts')).spki,
  'identity-uri': async () => (await import('./x509-names.ts')).identityUri,
  'hub-chain': async () => (await import('./hub-chain.ts')).hubChain,
  'join-token': async () => (await import('./join-token.ts')).joinToken,
  role: async () => (await import('./role.ts')).role,
  pattern: async () => (await import('./pattern.ts')).pattern,
  values: async () => (await import('./values.ts')).values,
  config: async () => (await import('./config.ts')).config,
  'identity-state': async () => (await import('./identity-state.ts')).identityState,
  'node-state': async () => (await import('./node-state.ts')).nodeState,
  'admin-identity': async () => (await import('./admin-identity.ts')).adminIdentity,
  'session-record': async () => (await import('./session-record.ts')).sessionRecord,
  'node-texts': async () => (await import('./node-texts.ts')).nodeTexts,
  'hub-requests': async () => (await import('./hub-requests.ts')).hubRequests,
  'hub-answers': async () => (await import('./hub-answers.ts')).hubAnswers,
}

export async function findTarget(name: string): Promise<FuzzTarget> {
  if (name === 'planted') return (await import('./planted.ts')).planted
  const load = TARGETS[name]
  if (load === undefined) throw new Error(`no target ${name}; there are: ${Object.keys(TARGETS)}`)
  return load()
}
