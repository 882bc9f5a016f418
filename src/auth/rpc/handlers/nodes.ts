import type { MessageInitShape } from '@bufbuild/protobuf'
import { type NodeSchema, NodeService } from '../../../gen/mezite/v1/node_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { Auth } from '../../auth.ts'
import type { NodeView } from '../../nodes.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optionalDuration } from './fields.ts'
import { toLock } from './locks.ts'
import { readPage } from './paging.ts'
import { toReadmission } from './readmission-messages.ts'

const LARGEST_PAGE = 500

export function nodeRpcs({ nodes, readmissions }: Auth): readonly Rpc[] {
  const { method } = NodeService
  return [
    rpc(method.listNodes, async (request) => {
      const page = await readPage(request, nodes.list, ({ node }) => node.name, LARGEST_PAGE)
      return { nodes: page.items.map(toNode), nextPageToken: page.nextPageToken }
    }),
    rpc(method.getNode, async ({ name }) => ({ node: toNode(await nodes.get(name)) })),
    rpc(method.updateNode, async ({ name, labels }, caller) => ({
      node: toNode(await nodes.update(caller, name, labels)),
    })),
    rpc(method.deleteNode, async ({ name }, caller) => {
      await nodes.remove(caller, name)
      return {}
    }),
    rpc(method.readmitNode, async ({ name, ttl }, caller) => {
      const options = { ttl: optionalDuration('ttl', ttl) }
      return { readmission: toReadmission(await readmissions.grantToNode(caller, name, options)) }
    }),
    rpc(method.cancelNodeReadmission, async ({ name }, caller) => ({
      cancelled: (await readmissions.cancelForNode(caller, name)).map(toReadmission),
    })),
  ]
}

function toNode(view: NodeView): MessageInitShape<typeof NodeSchema> {
  const { node, isOnline, locks, readmission } = view
  return {
    name: node.name,
    labels: { ...node.labels },
    hosts: [...node.hosts],
    port: node.port,
    state: isOnline ? 'online' : 'offline',
    joinedAt: toTimestamp(node.joinedAt),
    lastSeen: toTimestamp(node.lastSeenAt),
    clientVersion: node.clientVersion,
    sshdVersion: node.sshdVersion,
    address: node.address,
    instanceId: node.instanceId,
    generation: node.generation,
    hostCertificateExpiresAt: toTimestamp(node.hostCertificateExpiresAt),
    identityExpiresAt: toTimestamp(node.identityExpiresAt),
    locks: locks.map(toLock),
    ...(readmission && { readmission: toReadmission(readmission) }),
  }
}
