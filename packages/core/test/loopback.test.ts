import { expect, test } from "vitest"
import { isLoopbackUrl } from "../src/index.ts"

test.each([
  ["http://localhost", true],
  ["http://LOCALHOST:8080/v1/challenge", true],
  ["https://127.0.0.1:8443?a", true],
  ["http://127.9.9.9/", true],
  ["http://[::1]:8080/", true],
  ["http://broker.localhost/", false],
  ["http://localhost.example/", false],
  ["http://localhost@example.com/", false],
  ["http://127.0.0.1.example/", false],
  ["http://example.com/http://localhost/", false],
  ["http://0.0.0.0/", false],
  ["localhost", false],
])("%s", (url, is) => {
  expect(isLoopbackUrl(url)).toBe(is)
})
