import { join } from 'node:path'

/** HAProxy that checks RS256 tokens itself: claims, a scope, a limit by subject, two protective fields; one thread. */
export function haproxyConf(place: {
  readonly folder: string
  readonly port: number
  readonly upstreamPort: number
}): string {
  const { folder, port, upstreamPort } = place
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option http-keep-alive
frontend in
  bind 127.0.0.1:${port}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
  http-request set-var(txn.scope) var(txn.bearer),jwt_payload_query('$.scope')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.iss) -m str https://id.example }
  http-request deny deny_status 401 unless { var(txn.aud) -m str bench }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request deny deny_status 403 unless { var(txn.scope) -m sub items:read }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"${join(folder, 'public.pem')}") -m int 1 }
  stick-table type string len 64 size 100k expire 60s store http_req_rate(10s)
  http-request track-sc0 var(txn.sub)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000000 }
  http-response set-header Strict-Transport-Security max-age=31536000
  http-response set-header X-Content-Type-Options nosniff
  default_backend api
backend api
  http-reuse always
  server api 127.0.0.1:${upstreamPort} maxconn 512
`
}
