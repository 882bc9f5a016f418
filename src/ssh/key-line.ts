import { quoted, SshFormatError } from './errors.ts'

/** `type base64 comment`, the line of `.pub` files, authorized_keys and known_hosts. */
export interface KeyLine {
  readonly type: string
  readonly blob: Buffer
  /** Empty when there is none. */
  readonly comment: string
}

/** @throws SshFormatError `forbidden` when the comment could end the line or not be read back */
export function encodeKeyLine(line: KeyLine): string {
  const { type, blob, comment } = line
  if (/\p{Cc}|[\u2028\u2029]/u.test(comment) || comment.trim() !== comment) {
    throw new SshFormatError('forbidden', `the comment ${quoted(comment)} can't stand in a line`, {
      hint: 'comments hold no control characters and no blanks at their ends',
    })
  }
  const text = `${type} ${blob.toString('base64')}`
  return comment === '' ? text : `${text} ${comment}`
}

/**
 * Reads one line, with or without the newline that ends a `.pub` file.
 *
 * @throws SshFormatError `malformed`, `non-canonical`
 */
export function parseKeyLine(line: string): KeyLine {
  const [, type = '', base64 = '', comment = ''] =
    /^(\S+) ([A-Za-z0-9+/=]+)(?: (\S(?:.*\S)?))?\n?$/.exec(line) ?? []
  if (type === '' || /\p{Cc}/u.test(comment)) {
    throw new SshFormatError('malformed', 'this is not a line with a key', {
      hint: 'expected one line: type, base64, comment',
    })
  }
  return { type, blob: decodeBase64(base64), comment }
}

/** @throws SshFormatError `non-canonical` for anything but padded base64 with zero idle bits */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) {
    throw new SshFormatError('non-canonical', 'the key is not canonical base64')
  }
  return bytes
}
