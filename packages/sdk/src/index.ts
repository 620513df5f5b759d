export type { BrokerOptions, CallOptions, Fetch } from "./broker-client.ts"
export {
  AgentWritError,
  type AgentWritErrorOptions,
  BrokerError,
  InvalidRequestError,
  NetworkError,
  UnexpectedAnswerError,
} from "./errors.ts"
