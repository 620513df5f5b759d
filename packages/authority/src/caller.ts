/** Where a request came from, as the trail records it. */
export interface Caller {
  /** The resource that was requested, such as a path. */
  readonly resource: string
  /** Address that the request came from. */
  readonly source: string
}
