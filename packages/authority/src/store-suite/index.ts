export { type SettableClock, type StoreCase, type StoreUnderTest, settableClock, storeSuite } from "./store-suite.ts"
