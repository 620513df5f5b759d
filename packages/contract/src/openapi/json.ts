/** A JSON object of the document. */
export interface JsonObject {
  [member: string]: JsonObject | JsonObject[] | string | string[] | number | boolean | null | undefined
}
