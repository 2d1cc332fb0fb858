/** Where something stands: file as given to the loader, JSON Pointer inside it (RFC 6901). */
export interface SourceRef {
  readonly file: string
  readonly pointer: string
}

/** What the loader or a compiler has to say about a document. `error` refuses the document. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  /** Stable code such as `missing-path-parameter`, `unfilterable-response`, `unbounded-string`. */
  readonly code: string
  readonly message: string
  readonly source: SourceRef
}

/** A schema where it stands. `schema` is the raw value; references resolve against `uri` in the document's registry. */
export interface SchemaRef {
  /** Absolute URI of the resource (file) that holds the schema, without fragment. */
  readonly uri: string
  /** JSON Pointer of the schema inside that resource. */
  readonly pointer: string
  readonly schema: unknown
}

/** JSON Schema dialect of a resource: OpenAPI 3.0's own, or 2020-12 (3.1 and 3.2). */
export type Dialect = 'openapi-3.0' | '2020-12'

/** Finds the resource behind a URI (no fragment). Returns `undefined` when it is not part of the document. */
export interface SchemaRegistry {
  resource(uri: string): { readonly root: unknown; readonly dialect: Dialect } | undefined
}

export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie' | 'querystring'
export type ParameterStyle =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'
  | 'cookie'

/** A declared parameter, references resolved and defaults filled in. */
export interface Parameter {
  readonly name: string
  readonly place: ParameterPlace
  readonly required: boolean
  readonly style: ParameterStyle
  readonly explode: boolean
  readonly allowReserved: boolean
  readonly allowEmptyValue: boolean
  /** `undefined` where the parameter is declared by `content`. */
  readonly schema: SchemaRef | undefined
  /** Media type and schema where the parameter is declared by `content` (usually JSON in a string). */
  readonly content: MediaType | undefined
  /** `x-…` members of the parameter object. */
  readonly extensions?: ReadonlyMap<string, unknown>
  readonly source: SourceRef
}

/** How one property of a form or multipart body is encoded. */
export interface PropertyEncoding {
  readonly contentType: string | undefined
  readonly style: ParameterStyle | undefined
  readonly explode: boolean | undefined
}

export interface MediaType {
  /** Lower case, without parameters, such as `application/json`, `image/*`, `*\/*`. */
  readonly type: string
  readonly schema: SchemaRef | undefined
  /** OpenAPI 3.2 `itemSchema`, for sequential media types. */
  readonly itemSchema: SchemaRef | undefined
  readonly encoding: ReadonlyMap<string, PropertyEncoding>
  /** Example values written in the document (`example`, `examples.*.value`). */
  readonly examples: readonly unknown[]
}

export interface RequestBody {
  readonly required: boolean
  readonly content: readonly MediaType[]
  readonly source: SourceRef
}

export interface ResponseModel {
  /** `200`, `4XX` (upper case) or `default`. */
  readonly status: string
  /** Lower-case names of declared response headers. */
  readonly headers: ReadonlySet<string>
  readonly content: readonly MediaType[]
  readonly source: SourceRef
}

export interface SecurityScheme {
  readonly name: string
  readonly type: 'apiKey' | 'http' | 'oauth2' | 'openIdConnect' | 'mutualTLS'
  /** For `apiKey`: where the key stands and under which name. */
  readonly place: 'header' | 'query' | 'cookie' | undefined
  readonly parameterName: string | undefined
  /** For `http`: lower case, such as `bearer`, `basic`. */
  readonly httpScheme: string | undefined
  readonly source: SourceRef
}

/** One way in: every scheme of it must be met (AND). An empty list lets anonymous callers in. */
export type SecurityAlternative = readonly {
  readonly scheme: string
  readonly scopes: readonly string[]
}[]

/** One operation of one API. */
export interface Operation {
  /** Name of the API in the configuration. */
  readonly api: string
  /** The document's `operationId`, else `GET /orders/{id}`. Unique inside the API. */
  readonly id: string
  /** Upper case. */
  readonly method: string
  /** Path template as the document writes it, without the base path. */
  readonly template: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly deprecated: boolean
  /** Alternatives (OR). `undefined`: the document says nothing, so the gateway's own key is asked for. `[]`: public. */
  readonly security: readonly SecurityAlternative[] | undefined
  readonly parameters: readonly Parameter[]
  readonly requestBody: RequestBody | undefined
  readonly responses: ReadonlyMap<string, ResponseModel>
  /** `x-…` members of the operation object. */
  readonly extensions: ReadonlyMap<string, unknown>
  readonly source: SourceRef
}

/** A loaded document: all that the gateway knows of an API. */
export interface ApiModel {
  readonly name: string
  readonly title: string
  readonly version: string
  readonly openapi: '3.0' | '3.1' | '3.2'
  /** Path of the first server, without trailing slash; empty for the root. */
  readonly basePath: string
  readonly operations: readonly Operation[]
  readonly securitySchemes: ReadonlyMap<string, SecurityScheme>
  readonly registry: SchemaRegistry
  /** Every file that was read, for the reload watcher. Absolute paths. */
  readonly files: readonly string[]
  /** Warnings and notes; a document with errors does not load. */
  readonly findings: readonly Finding[]
}
