import { join } from 'node:path'

/** A whole nginx configuration in the foreground around some servers, with one worker and no log. */
export function nginxConf(folder: string, name: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, `${name}-${kind}`)};`)
    .join(' ')
  return `worker_processes 1; daemon off; pid ${join(folder, `${name}.pid`)}; error_log /dev/null;
events { worker_connections 16384; }
http { access_log off; ${temporary}
${http} }
`
}

/** Files that the upstream answers with. */
export interface UpstreamFiles {
  readonly folder: string
  readonly port: number
  /** Body of `/v1/items`, `/v1/reports` is `report.json`, `/v1/files` is `blob.bin` of the folder. */
  readonly item: string
}

/** The API behind every peer: constant answers from one worker. */
export function upstreamConf({ folder, port, item }: UpstreamFiles): string {
  return nginxConf(
    folder,
    'upstream',
    `server { listen 127.0.0.1:${port} backlog=4096; keepalive_requests 1000000000; keepalive_timeout 1h; sendfile off;
  default_type application/json; open_file_cache max=10;
  location / { return 200 '${item}'; }
  location /v1/reports { root ${folder}; rewrite ^ /report.json break; }
  location /v1/files { default_type application/octet-stream; root ${folder}; rewrite ^ /blob.bin break; } }`,
  )
}

/** Plain nginx before the API: HTTP/1.1 on one port, HTTP/1.1 and HTTP/2 over TLS on another. */
export function proxyConf(place: {
  readonly folder: string
  /** Tells apart the files of two nginx in one folder. */
  readonly name: string
  readonly upstreamPort: number
  readonly port: number
  readonly tlsPort: number
}): string {
  const { folder, name, upstreamPort, port, tlsPort } = place
  const location = `location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; }`
  return nginxConf(
    folder,
    name,
    `upstream api { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 1h; }
server { listen 127.0.0.1:${port} backlog=4096; keepalive_requests 1000000000; ${location} }
server { listen 127.0.0.1:${tlsPort} ssl http2 backlog=4096; keepalive_requests 1000000000;
  ssl_certificate ${folder}/tls.crt; ssl_certificate_key ${folder}/tls.key; ssl_protocols TLSv1.2 TLSv1.3; ${location} }`,
  )
}
