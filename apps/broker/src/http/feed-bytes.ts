import type { FeedMessage } from "@agentwrit/authority"

const utf8 = new TextEncoder()

/** Makes the bytes of a message once for all its readers, so that many slow ones share them. */
export function encodedOnce(
  textOf: (message: FeedMessage) => string,
): (message: FeedMessage) => Uint8Array<ArrayBuffer> {
  const encoded = new WeakMap<FeedMessage, Uint8Array<ArrayBuffer>>()
  return (message) => {
    const bytes = encoded.get(message) ?? utf8.encode(textOf(message))
    encoded.set(message, bytes)
    return bytes
  }
}
