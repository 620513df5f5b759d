/** Where a request came from, as the trail records it. */
export interface Caller {
  /** The resource that was requested, such as a path. */
  readonly resource: string
  /** The key by which limits count: the client's address or network. */
  readonly source: string
  /** The client's address as the trail keeps it. Absent: the trail does not say it. */
  readonly recordedSource?: string | undefined
  /** The `X-Request-ID` of the request. */
  readonly requestId?: string
}
