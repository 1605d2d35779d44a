/**
 * `@posthorn/core/describe`: what a system's contracts say, for people and for other tools: AsyncAPI, JSON Schema, and a
 * map of who talks to whom.
 */
export { asyncApi } from './describe/async-api.ts'
export type { AsyncApiDocument, AsyncApiOptions } from './describe/async-api-document.ts'
export { contextMap } from './describe/context-map.ts'
export { type JsonSchema, type JsonSchemaOptions, messageSchema } from './describe/json-schema.ts'
