export { type BrokerApp, type BrokerOptions, createBroker } from "./broker.ts"
export type { IsTrustedProxy } from "./http/client-address.ts"
export type { Answered, BrokerEnvironment } from "./http/middleware.ts"
export { Metrics } from "./metrics.ts"
