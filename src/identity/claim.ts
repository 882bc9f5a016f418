import { type Destination, prepareDestination, tryDestination } from './destination.ts'
import { DESTINATION_LOCK, holdDirectory } from './hold.ts'
import { type IdentityParameters, readerOf } from './parameters.ts'
import type { IdentityPorts } from './ports.ts'

/** A destination that this process alone publishes to, until it is disposed of. */
export interface Claim extends AsyncDisposable {
  readonly destination: Destination
}

/**
 * Finds the destination safe, takes it, and tries it: in this order, so that nothing is written to
 * one that another process works on.
 *
 * @throws IdentityError
 */
export async function claimDestination(
  ports: Pick<IdentityPorts, 'fs' | 'clock' | 'self'>,
  parameters: IdentityParameters,
): Promise<Claim> {
  const { fs, self } = ports
  const destination = await prepareDestination(fs, {
    path: parameters.destination,
    reader: readerOf(parameters),
    self,
  })
  const hold = await holdDirectory(destination.path, DESTINATION_LOCK, 'the destination', ports)
  try {
    await tryDestination(fs, destination)
  } catch (error) {
    await hold[Symbol.asyncDispose]()
    throw error
  }
  return { destination, [Symbol.asyncDispose]: () => hold[Symbol.asyncDispose]() }
}
