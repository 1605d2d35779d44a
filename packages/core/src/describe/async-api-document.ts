import type { JsonSchemaOptions } from './json-schema.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** What a document says besides what the system does, and of whom it speaks. */
export interface AsyncApiOptions extends Pick<JsonSchemaOptions, 'convert'> {
  /** The version of what is described, for `info`. */
  readonly version: string
  /** For `info`. Default: the member's name, or `system`. */
  readonly title?: string
  readonly description?: string
  /** The domain or client whose part is described: what it handles, uses, tells and is told. Default: all together. */
  readonly member?: string
  /** The broker's host, with the port if it is not 5672. Default: `localhost`. */
  readonly host?: string
  /** As for `planSystem`. */
  readonly namespace?: string
}

/** An AsyncAPI 3.0 document, to be written as JSON. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0'
  readonly info: JsonObject
  readonly defaultContentType: 'application/json'
  readonly servers: JsonObject
  readonly channels: JsonObject
  readonly operations: JsonObject
  readonly components: JsonObject
}
