import fc from "fast-check"
import * as v from "valibot"
import { describe, expect, it } from "vitest"
import { camelCased, decode, encode, message, wireObject } from "../src/index.ts"

const text = v.string("must be a string")
const point = message({ point_name: text, x_pos: v.number("must be a number") })
const shape = message({
  shape_id: text,
  first_point: point,
  other_points: v.array(point, "must be a list of points"),
  fill_color: v.exactOptional(text),
  line_width: v.exactOptional(v.number("must be a number"), 1),
})

const wire = {
  shape_id: "s",
  first_point: { point_name: "a", x_pos: 1 },
  other_points: [{ point_name: "b", x_pos: 2 }],
  fill_color: "red",
  line_width: 3,
}
const value = {
  shapeId: "s",
  firstPoint: { pointName: "a", xPos: 1 },
  otherPoints: [{ pointName: "b", xPos: 2 }],
  fillColor: "red",
  lineWidth: 3,
}

describe("message", () => {
  it("is snake_case on the wire and camelCase in code, also in nested messages", () => {
    expect(decode(shape, wire)).toEqual({ ok: true, value })
    expect(encode(shape, value)).toEqual(wire)
  })

  it("is a valibot schema", () => {
    expect(v.parse(shape, wire)).toEqual(value)
    expect(v.is(shape, { ...wire, shape_id: 1 })).toBe(false)
    expect(v.safeParse(shape, { first_point: {}, other_points: [] }).issues).toHaveLength(3)
  })

  it("fills in defaults and leaves absent fields absent", () => {
    const { fill_color: _, line_width: __, ...rest } = wire
    const decoded = decode(shape, rest)
    expect(decoded).toEqual({
      ok: true,
      value: { shapeId: "s", firstPoint: value.firstPoint, otherPoints: value.otherPoints, lineWidth: 1 },
    })
    expect(decoded.ok && Object.keys(decoded.value)).not.toContain("fillColor")
  })

  it("reads null for an optional field as if it were absent", () => {
    const { fill_color: _, line_width: __, ...rest } = wire
    expect(decode(shape, { ...wire, fill_color: null, line_width: null })).toEqual(decode(shape, rest))
  })

  it("leaves out of the wire form undefined fields and members that it does not name", () => {
    const loaded = { ...value, fillColor: undefined, clientSecret: "s3cret" }
    expect(encode(shape, loaded)).toEqual({ ...wire, fill_color: undefined })
    expect(JSON.stringify(encode(shape, loaded))).not.toMatch(/fill_color|s3cret/)
  })

  it("ignores members that it does not name", () => {
    const body = JSON.parse(`{"shape_id":"s","first_point":{"point_name":"a","x_pos":1,"y":2},"other_points":[],
      "__proto__":{"fill_color":"evil"},"constructor":1,"shapeId":"camel"}`)
    expect(decode(shape, body)).toEqual({
      ok: true,
      value: { shapeId: "s", firstPoint: { pointName: "a", xPos: 1 }, otherPoints: [], lineWidth: 1 },
    })
  })

  it.each([
    ["a missing field", {}, "shape_id", "shape_id is missing: it must be a string"],
    ["null for a required field", { ...wire, shape_id: null }, "shape_id", "shape_id must be a string"],
    [
      "a nested field",
      { ...wire, first_point: { point_name: 1 } },
      "first_point.point_name",
      "first_point.point_name must be a string",
    ],
    [
      "a nested missing field",
      { ...wire, first_point: { point_name: "a" } },
      "first_point.x_pos",
      "first_point.x_pos is missing: it must be a number",
    ],
    ["a nested null", { ...wire, first_point: null }, "first_point", "first_point must be a JSON object"],
    [
      "a nested array",
      { ...wire, first_point: [] },
      "first_point.point_name",
      "first_point.point_name is missing: it must be a string",
    ],
    [
      "an item",
      { ...wire, other_points: [wire.first_point, { point_name: "b", x_pos: "2" }] },
      "other_points[1].x_pos",
      "other_points[1].x_pos must be a number",
    ],
    [
      "an object for a list",
      { ...wire, other_points: { length: 0 } },
      "other_points",
      "other_points must be a list of points",
    ],
  ])("names %s by its wire path", (_, body, field, detail) => {
    expect(decode(shape, body)).toEqual({ ok: false, code: "invalid_request", detail, field })
  })

  it.each([undefined, null, [], [wire], "{}", 1, true])("refuses the body %j as a whole", (body) => {
    expect(decode(shape, body)).toEqual({
      ok: false,
      code: "invalid_request",
      detail: "the body must be a JSON object",
      field: undefined,
    })
  })

  it("reads back what it wrote", () => {
    const points = fc.record({ pointName: fc.string(), xPos: fc.integer() })
    const shapes = fc.record(
      {
        shapeId: fc.string(),
        firstPoint: points,
        otherPoints: fc.array(points),
        fillColor: fc.string(),
        lineWidth: fc.integer(),
      },
      { requiredKeys: ["shapeId", "firstPoint", "otherPoints", "lineWidth"] },
    )
    fc.assert(
      fc.property(shapes, (shaped) => {
        expect(decode(shape, JSON.parse(JSON.stringify(encode(shape, shaped))))).toEqual({ ok: true, value: shaped })
      }),
    )
  })

  it("refuses any other JSON without throwing", () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => decode(shape, json).ok === false))
  })

  it("replaces the text of valibot, which quotes the received value", () => {
    const worded = message({ some_key: v.picklist(["a", "b"]) })
    expect(decode(worded, { some_key: "hunter2" })).toEqual({
      ok: false,
      code: "invalid_request",
      detail: "some_key must be of the documented form",
      field: "some_key",
    })
  })

  it("stops at the first fault", () => {
    const seen: string[] = []
    const watched = (name: string, good: boolean) =>
      v.pipe(
        text,
        v.check(() => {
          seen.push(name)
          return good
        }, "must be good"),
      )
    const three = message({ one: watched("one", true), two: watched("two", false), three: watched("three", true) })
    expect(decode(three, { one: "", two: "", three: "" })).toMatchObject({ ok: false, field: "two" })
    expect(seen).toEqual(["one", "two"])
  })

  it("accepts a pipe with a rule about several fields", () => {
    const between = camelCased(
      v.pipe(
        wireObject({ lower_end: v.number("must be a number"), upper_end: v.number("must be a number") }),
        v.forward(
          v.check(({ lower_end, upper_end }) => lower_end < upper_end, "must be below upper_end"),
          ["lower_end"],
        ),
      ),
    )
    expect(encode(between, { lowerEnd: 1, upperEnd: 2 })).toEqual({ lower_end: 1, upper_end: 2 })
    expect(decode(between, { lower_end: 1, upper_end: 2 })).toEqual({ ok: true, value: { lowerEnd: 1, upperEnd: 2 } })
    expect(decode(between, { lower_end: 2, upper_end: 1 })).toEqual({
      ok: false,
      code: "invalid_request",
      detail: "lower_end must be below upper_end",
      field: "lower_end",
    })
  })

  it("cannot be encoded from anything but an object", () => {
    // @ts-expect-error a list is not a message
    expect(() => encode(point, [])).toThrow(TypeError)
  })
})

describe("a variant of messages", () => {
  const pet = v.variant(
    "kind",
    [
      message({ kind: v.literal("cat"), lives_left: v.number("must be a number") }),
      message({ kind: v.literal("dog"), good_boy: v.boolean("must be true or false") }),
    ],
    "must be cat or dog",
  )
  const home = message({ first_pet: pet })

  it("is read and written by its tag", () => {
    expect(decode(home, { first_pet: { kind: "cat", lives_left: 9 } })).toEqual({
      ok: true,
      value: { firstPet: { kind: "cat", livesLeft: 9 } },
    })
    expect(encode(home, { firstPet: { kind: "dog", goodBoy: true } })).toEqual({
      first_pet: { kind: "dog", good_boy: true },
    })
  })

  it.each([
    [{ kind: "cow" }, "first_pet.kind", "first_pet.kind must be cat or dog"],
    [{}, "first_pet.kind", "first_pet.kind is missing: it must be cat or dog"],
    [[], "first_pet.kind", "first_pet.kind is missing: it must be cat or dog"],
    [null, "first_pet", "first_pet must be cat or dog"],
    [{ kind: "dog", lives_left: 9 }, "first_pet.good_boy", "first_pet.good_boy is missing: it must be true or false"],
  ])("refuses %j", (body, field, detail) => {
    expect(decode(home, { first_pet: body })).toEqual({ ok: false, code: "invalid_request", detail, field })
  })

  it("cannot be encoded with an unknown tag", () => {
    // @ts-expect-error no such kind
    expect(() => encode(pet, { kind: "cow" })).toThrow(TypeError)
  })
})
