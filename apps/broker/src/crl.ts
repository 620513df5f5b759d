const SEQUENCE = 0x30
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

interface Element {
  readonly tag: number
  readonly content: Buffer
}

/**
 * When the first certificate revocation list of a PEM file ends (`nextUpdate`, RFC 5280, section 5.1.2.5), in
 * milliseconds. `undefined` when a list has no end, or the file no list. Node reads revocation lists, but does not show
 * this time.
 */
export function nextUpdateOf(pem: Buffer): number | undefined {
  const lists = pem.toString("latin1").matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)
  const times = [...lists].flatMap(([, base64]) => {
    const [list] = elementsOf(Buffer.from(base64 ?? "", "base64"))
    const [signed] = elementsOf(list?.content)
    // Before its times the list has a version, an algorithm and an issuer: none of them is a time.
    const [, nextUpdate] = elementsOf(signed?.tag === SEQUENCE ? signed.content : undefined).filter(isTime)
    return nextUpdate === undefined ? [] : [timeOf(nextUpdate)]
  })
  return times.length === 0 ? undefined : Math.min(...times)
}

/** The DER elements that stand side by side in `bytes`. */
function elementsOf(bytes: Buffer = Buffer.alloc(0)): Element[] {
  const elements: Element[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const first = bytes.readUInt8(at + 1)
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
    const start = at + 2 + lengthBytes
    elements.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return elements
}

const isTime = ({ tag }: Element): boolean => tag === UTC_TIME || tag === GENERALIZED_TIME

/** `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after it. */
function timeOf({ tag, content }: Element): number {
  const digits = content.toString("latin1")
  const full = tag === UTC_TIME ? (digits < "50" ? "20" : "19") + digits : digits
  return Date.parse(full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
}
