import type { Metrics } from "../metrics.ts"
import { type Endpoint, endpoint } from "./endpoint.ts"

export function metricsEndpoint(metrics: Metrics): Endpoint {
  return endpoint("metrics", {
    run: async () => ({ status: 200, body: await metrics.text(), mediaType: metrics.mediaType }),
  })
}
