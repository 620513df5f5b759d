import * as v from "valibot"
import { documented, wholeNumber } from "./fields.ts"

/** The query parameters that choose a page. */
export const pageQuery = {
  limit: v.exactOptional(documented(wholeNumber(1, 1000), "How many to answer at most"), 100),
  offset: v.exactOptional(documented(wholeNumber(), "How many matches to skip"), 0),
} as const

/** What every page tells of itself. */
export const pageFields = {
  total: documented(wholeNumber(), "How many match, on all pages"),
  offset: documented(wholeNumber(), "How many matches were skipped"),
  limit: documented(wholeNumber(1, 1000), "How many were answered at most"),
} as const
