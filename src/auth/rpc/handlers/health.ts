import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../../gen/grpc/health/v1/health_pb.js'
import { AuthError } from '../../errors.ts'
import { ACCESS } from '../access.ts'
import { type Rpc, rpc } from '../rpc.ts'

/** gRPC's health checking protocol. All services of a hub are well together, or none is. */
export function healthRpcs(isServing: () => boolean): readonly Rpc[] {
  const services = new Set([...ACCESS.keys()].map((name) => name.slice(0, name.indexOf('/'))))
  return [
    rpc(Health.method.check, async ({ service }) => {
      if (service !== '' && !services.has(service)) {
        throw new AuthError('not-found', 'there is no such service here')
      }
      return { status: isServing() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING }
    }),
  ]
}
