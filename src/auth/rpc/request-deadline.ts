import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js'
import { formatDuration } from '../../base/duration.ts'

/**
 * Ends a call whose request hasn't come to its end in time: a client that sends a byte a second holds
 * one of its few streams no longer than that.
 */
export function requestDeadline(milliseconds: number): ServerInterceptor {
  return (_method, call) => {
    let timer: NodeJS.Timeout | undefined
    const isHere = () => clearTimeout(timer)
    return new ServerInterceptingCall(call, {
      start(next) {
        timer = setTimeout(() => {
          call.sendStatus({
            code: status.DEADLINE_EXCEEDED,
            details: `the request was not here within ${formatDuration(milliseconds)}`,
          })
        }, milliseconds)
        next({
          onReceiveHalfClose(tell) {
            isHere()
            tell()
          },
          onCancel: isHere,
        })
      },
      sendStatus(reply, send) {
        isHere()
        send(reply)
      },
    })
  }
}
