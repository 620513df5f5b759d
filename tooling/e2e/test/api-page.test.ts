import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"

const KEPT = fileURLToPath(new URL("../../../docs/openapi.json", import.meta.url))

test("the OpenAPI document is served as it is kept, and the API page shows it without anything from elsewhere", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const { url } = broker
  const document = await call(url, "GET /v1/openapi.json")
  expect([document.status, document.headers.get("content-type")]).toEqual([200, "application/json"])
  expect(document.body).toEqual(JSON.parse(readFileSync(KEPT, "utf8")))

  const page = await call(url, "GET /v1/docs")
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
  const policy = page.headers.get("content-security-policy") ?? ""
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  expect(page.headers.get("x-content-type-options")).toBe("nosniff")
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:/)
  const assets = [...page.text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, path]) => path)
  expect(assets.length).toBe(3)
  for (const asset of assets) {
    const { status, headers, text } = await call(url, `GET /v1/${asset}`)
    expect([asset, status, text.length > 100]).toEqual([asset, 200, true])
    expect(headers.get("content-type")).toBe(
      asset?.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8",
    )
  }
  for (const path of ["/v1/docs/", "/v1/docs/package.json", "/v1/docs/..%2fpackage.json", "/v1/docs/swagger-ui.css/x"])
    expect((await call(url, `GET ${path}`)).status).toBe(404)
  const posted = await call(url, "POST /v1/docs")
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"])
  expect((await call(url, "HEAD /v1/docs")).status).toBe(200)
})
