/** One way of not speaking HTTP as it is meant. */
export interface Abuse {
  readonly name: string
  /** What is written, piece by piece; a pause between two. */
  readonly pieces: (host: string) => Iterable<string>
  /** Milliseconds between pieces. */
  readonly pause?: number
  /** The status of each answer that has to come, in their order; then the connection has to end. */
  readonly answers: readonly number[]
  /** Ends our side after the last piece. */
  readonly halfClose?: true
}

const post = (host: string, headers: string): string =>
  `POST /v1/token/validate HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`

/** A body that is answered with 200 by whoever takes it for whole. */
const BODY = '{"token":"x"}'

/** The same as a chunk. */
const CHUNK = `d\r\n${BODY}\r\n`

/** What stands behind a request: answered by whoever reads another end of that than we do. */
const behind = (host: string): string => `GET /v1/challenge HTTP/1.1\r\nHost: ${host}\r\n\r\n`

/** Requests that no client library would send. */
export const ABUSES: readonly Abuse[] = [
  {
    name: "headers that never end",
    *pieces(host) {
      yield `GET /v1/health HTTP/1.1\r\nHost: ${host}\r\n`
      for (let line = 0; line < 60; line++) yield `X-Slow-${line}: 1\r\n`
    },
    pause: 400,
    answers: [408],
  },
  {
    name: "a body that never ends",
    *pieces(host) {
      yield post(host, "Content-Length: 1000\r\n")
      for (let byte = 0; byte < 60; byte++) yield "x"
    },
    pause: 400,
    answers: [408],
  },
  {
    name: "chunks without end",
    *pieces(host) {
      yield post(host, "Transfer-Encoding: chunked\r\n")
      for (let chunk = 0; chunk < 40; chunk++) yield `10000\r\n${"x".repeat(0x10000)}\r\n`
    },
    answers: [413],
  },
  {
    name: "tiny chunks without end",
    *pieces(host) {
      yield post(host, "Transfer-Encoding: chunked\r\n")
      for (let chunk = 0; chunk < 60; chunk++) yield "1\r\nx\r\n"
    },
    pause: 400,
    answers: [408],
  },
  {
    name: "a chunk size that is none",
    pieces: (host) => [post(host, "Transfer-Encoding: chunked\r\n"), CHUNK, "zz\r\n", behind(host)],
    // Garbage behind a request that is being answered must not be taken for that request's answer.
    answers: [],
  },
  {
    name: "two lengths",
    pieces: (host) => [post(host, "Content-Length: 13\r\nContent-Length: 14\r\n"), BODY, behind(host)],
    answers: [400],
  },
  {
    name: "a length and chunks",
    pieces: (host) => [
      post(host, "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n"),
      CHUNK,
      "0\r\n\r\n",
      behind(host),
    ],
    answers: [400],
  },
  {
    name: "a negative length",
    pieces: (host) => [post(host, "Content-Length: -1\r\n"), behind(host)],
    answers: [400],
  },
  {
    name: "a length beyond all",
    pieces: (host) => [post(host, "Content-Length: 99999999999999999999\r\n"), behind(host)],
    answers: [400],
  },
  {
    name: "chunked twice",
    pieces: (host) => [post(host, "Transfer-Encoding: chunked, chunked\r\n"), CHUNK, "0\r\n\r\n", behind(host)],
    answers: [400],
  },
  {
    name: "a header of a megabyte",
    pieces: (host) => [`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\nX-Huge: `, "x".repeat(1024 * 1024), "\r\n\r\n"],
    answers: [431],
  },
  {
    name: "a path of a megabyte",
    pieces: (host) => [`GET /${"x".repeat(1024 * 1024)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    answers: [431],
  },
  { name: "no HTTP at all", pieces: () => ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], answers: [400] },
  {
    name: "a bare line feed for an end",
    pieces: (host) => [`GET /v1/health HTTP/1.1\nHost: ${host}\nX: 1\r\n y\r\n\r\n`],
    answers: [400],
  },
  {
    name: "a null byte in a header",
    pieces: (host) => [`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\nX: a\0b\r\n\r\n`],
    answers: [400],
  },
  { name: "HTTP/2 without asking", pieces: () => ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], answers: [400] },
  { name: "CONNECT", pieces: (host) => [`CONNECT example.com:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n`], answers: [405] },
  {
    name: "an upgrade",
    pieces: (host) => [
      `GET /v1/health HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    ],
    answers: [200],
  },
  {
    name: "half closed before the body",
    pieces: (host) => [post(host, "Content-Length: 30\r\n"), BODY],
    halfClose: true,
    answers: [],
  },
  {
    name: "half closed after a whole request",
    pieces: (host) => [`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    halfClose: true,
    answers: [200],
  },
  { name: "nothing at all", pieces: () => [], halfClose: true, answers: [] },
  {
    name: "a thousand requests in one piece",
    pieces: (host) => [
      behind(host).repeat(999),
      `GET /v1/challenge HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    ],
    answers: Array.from({ length: 1000 }, () => 200),
  },
]
