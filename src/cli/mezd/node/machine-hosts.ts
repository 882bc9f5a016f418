/** Under which names and addresses others may reach this machine. */
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import type { Address } from '../../../base/address.ts'

const run = promisify(execFile)

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
/** Networks inside this machine, whose addresses are the same on many. */
const INNER = /^(docker|br-|veth|virbr|lxc|lxd|cni|flannel|cali|podman)/
const LINK_LOCAL = /^(169\.254\.|fe80:)/i
const LOOPBACK = /^(127\.|::1$)/

/** What a machine knows of itself. */
export interface MachineNames {
  /** The address from which it would speak to the hub; undefined where there is no way. */
  readonly towardsHub: string | undefined
  readonly names: readonly string[]
  readonly addresses: readonly string[]
}

/**
 * The first is the one by which bots come: the address from which the machine speaks to the hub is
 * the one that others most likely reach.
 */
export function orderHosts({ towardsHub, names, addresses }: MachineNames): readonly string[] {
  const outside = [towardsHub ?? '', ...addresses].filter(
    (it) => it !== '' && !LOOPBACK.test(it) && !LINK_LOCAL.test(it),
  )
  const known = names.map((it) => it.toLowerCase()).filter((it) => NAME.test(it) && !isLocal(it))
  const [first, ...others] = outside
  const hosts = first === undefined ? known : [first, ...known, ...others]
  // A machine without any network can still be entered from itself.
  return [...new Set(hosts.length > 0 ? hosts : ['127.0.0.1'])]
}

export async function machineNames(hub: Address): Promise<MachineNames> {
  const [towardsHub, fqdn] = await Promise.all([sourceAddress(hub), fullName()])
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => !INNER.test(name))
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
  return { towardsHub, names: [...(fqdn === undefined ? [] : [fqdn]), hostname()], addresses }
}

function isLocal(name: string): boolean {
  return name === 'localhost' || name.startsWith('localhost.')
}

/** The kernel's choice of a way there; nothing is sent. */
async function sourceAddress({ host, port }: Address): Promise<string | undefined> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  try {
    socket.connect(port || 1, host)
    await once(socket, 'connect')
    return socket.address().address
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

/** The name with its domain, as the resolver has it. */
async function fullName(): Promise<string | undefined> {
  try {
    const { stdout } = await run('hostname', ['--fqdn'], { timeout: 5_000 })
    return stdout.trim()
  } catch {
    return undefined
  }
}
