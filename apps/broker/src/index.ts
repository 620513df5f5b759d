export { type Answered, type BrokerApp, type BrokerOptions, createBroker } from "./broker.ts"
export type { IsTrustedProxy } from "./http/client-address.ts"
export { Metrics } from "./metrics.ts"
