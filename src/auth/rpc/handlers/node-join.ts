import { NodeJoinService } from '../../../gen/mezite/v1/node_pb.js'
import type { NodeJoining } from '../../node-joining.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { readNodeRequest, toIssuedNode } from './node-certificates.ts'

export function nodeJoinRpcs(joining: NodeJoining): readonly Rpc[] {
  return [
    rpc(NodeJoinService.method.joinNode, async ({ joinToken, request }, caller) => ({
      node: toIssuedNode(await joining.join(caller, joinToken, readNodeRequest(request))),
    })),
  ]
}
