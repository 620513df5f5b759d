import type { IncomingMessage, ServerResponse } from "node:http"
import type { Caller } from "@agentwrit/authority"
import { isLoopbackUrl } from "@agentwrit/core"
import type { Context } from "hono"
import type { Exchange } from "./answer.ts"
import { createLargeBodyQuota, hasBody, readBody } from "./body.ts"
import { clientAddress, type IsTrustedProxy } from "./client-address.ts"
import { type RecordedSource, recordedSourceOf, sourceOf } from "./client-source.ts"
import { type CorsHeaders, corsHeaders } from "./cors.ts"
import { type AnswerHeaders, requestIdOf } from "./headers.ts"
import type { Quota } from "./quota.ts"
import { sentPath } from "./sent-path.ts"

/** A request's context; behind a Node server the bindings hold Node's own request and answer. */
export interface BrokerEnvironment {
  readonly Bindings: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse }
}

/** What {@link createReceiver} is given. */
export interface ReceiverOptions {
  readonly onBug: (error: unknown, request: Exchange) => void
  readonly secureTransport?: boolean | undefined
  readonly isTrustedProxy?: IsTrustedProxy | undefined
  /** Called with an entry of a trusted proxy's `X-Forwarded-For` that is not an address. */
  readonly onNoAddress?: ((entry: string) => void) | undefined
  readonly recordedSource?: RecordedSource | undefined
  /** Where clients reach the broker, without a final slash. Absent: it is only known for requests to this machine. */
  readonly publicUrl?: string | undefined
  readonly corsOrigins?: readonly string[] | undefined
}

/** Makes the requests of one broker, which share the places for large bodies. */
export function createReceiver(options: ReceiverOptions): (c: Context<BrokerEnvironment>) => HttpRequest {
  const { onBug, secureTransport = false, isTrustedProxy = () => false, recordedSource = "full", publicUrl } = options
  const { onNoAddress = () => undefined, corsOrigins = [] } = options
  const largeBodies = createLargeBodyQuota()
  const cors = corsOrigins.length === 0 ? undefined : corsHeaders(corsOrigins)
  const shared = { onBug, onNoAddress, secureTransport, isTrustedProxy, recordedSource, publicUrl, largeBodies, cors }
  return (c) => new HttpRequest(c, shared)
}

interface Shared {
  readonly onBug: ReceiverOptions["onBug"]
  readonly secureTransport: boolean
  readonly isTrustedProxy: IsTrustedProxy
  readonly onNoAddress: (entry: string) => void
  readonly recordedSource: RecordedSource
  readonly publicUrl: string | undefined
  readonly largeBodies: Quota
  readonly cors: CorsHeaders | undefined
}

/** What proxies add, without `X-Forwarded-For`: that is only an address, and clients on this machine may name theirs. */
const FORWARDED_BY_PROXY = ["forwarded", "via", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"] as const

/**
 * A request as the broker sees it. The cheapest requests need few of its parts, so each is made when it is asked for.
 */
export class HttpRequest implements Exchange {
  readonly requestId: string
  readonly #c: Context<BrokerEnvironment>
  readonly #shared: Shared

  constructor(c: Context<BrokerEnvironment>, shared: Shared) {
    this.requestId = requestIdOf(c.req.header("x-request-id"))
    this.#c = c
    this.#shared = shared
  }

  get secureTransport(): boolean {
    return this.#shared.secureTransport
  }

  get corsHeaders(): AnswerHeaders | undefined {
    return this.#shared.cors?.(this.header("origin"))
  }

  /** Whether a browser asks what a page of an allowed origin may send. */
  get isPreflight(): boolean {
    return (
      this.method === "OPTIONS" &&
      this.header("access-control-request-method") !== undefined &&
      this.corsHeaders?.["access-control-allow-origin"] !== undefined
    )
  }

  /** `HEAD` is answered like `GET`, without the body. */
  get method(): string {
    return this.#c.req.method
  }

  get url(): string {
    return this.#c.req.url
  }

  /** The path as it was sent, not decoded. */
  get path(): string {
    return sentPath(this.#c.req.raw, this.#c.env?.incoming)
  }

  /**
   * The URL as the client knows it: a proxy in between may have changed scheme, host and a prefix of the path. Without a
   * configured URL only that of a request to this machine is known: a service that received a proof could send it on
   * under its own name as the `Host`. A proxy on this machine may name the broker's address as the `Host`, as nginx does.
   */
  get publicUrl(): string | undefined {
    const { publicUrl } = this.#shared
    if (publicUrl !== undefined && publicUrl !== "") return publicUrl + this.path
    return isLoopbackUrl(this.url) && !this.#isForwarded ? this.url : undefined
  }

  /** Whether a proxy passed the request on, as far as it tells: nginx speaks HTTP/1.0 to the broker by default. */
  get #isForwarded(): boolean {
    return (
      this.#c.env?.incoming?.httpVersion === "1.0" || FORWARDED_BY_PROXY.some((name) => this.header(name) !== undefined)
    )
  }

  /** The parameters of the path, decoded. */
  get parameters(): Readonly<Record<string, string>> {
    return this.#c.req.param()
  }

  /** The key by which limits and the trail's flood protection count: the client's address or network. */
  get source(): string {
    return sourceOf(this.#address)
  }

  /** The client's address as the trail keeps it; `undefined`: not at all. */
  get recordedSource(): string | undefined {
    return recordedSourceOf(this.#address, this.#shared.recordedSource)
  }

  /** Where the request came from, for the use cases and the trail. */
  caller(resource: string): Caller {
    return new RequestCaller(this, resource)
  }

  get #address(): string {
    const peer = this.#c.env?.incoming?.socket.remoteAddress ?? ""
    const { isTrustedProxy, onNoAddress } = this.#shared
    return clientAddress(peer, this.header("x-forwarded-for"), isTrustedProxy, onNoAddress)
  }

  /** Node's own answer; `undefined` in process. */
  get outgoing(): ServerResponse | undefined {
    return this.#c.env?.outgoing
  }

  get hasBody(): boolean {
    return hasBody(this.#c.req.raw, this.#c.env?.incoming)
  }

  /** Reports a bug, whose cause the client does not learn. */
  failed(bug: unknown): void {
    this.#shared.onBug(bug, this)
  }

  header(name: string): string | undefined {
    return this.#c.req.header(name)
  }

  /** Reads the body, at most 1 MiB. */
  readBody(): Promise<Uint8Array> {
    const { largeBodies } = this.#shared
    return readBody(this.#c.req.raw, this.#c.env?.incoming, () => {
      const { source } = this
      return largeBodies.acquire(source) ? () => largeBodies.release(source) : undefined
    })
  }
}

/** The caller behind a request. A token that was seen before needs no address, so it is only read when it is asked for. */
class RequestCaller implements Caller {
  readonly resource: string
  readonly #request: HttpRequest

  constructor(request: HttpRequest, resource: string) {
    this.resource = resource
    this.#request = request
  }

  get source(): string {
    return this.#request.source
  }

  get recordedSource(): string | undefined {
    return this.#request.recordedSource
  }

  get requestId(): string {
    return this.#request.requestId
  }
}
