// The floor of the `node` transport: node:http in, undici's raw dispatch out, no control at all.
// node bare.mjs PORT UPSTREAM UNDICI_FOLDER
import { createServer } from 'node:http'

const [port, upstream, undici] = process.argv.slice(2)
const { Pool } = (await import(`${undici}/index.js`)).default
const pool = new Pool(upstream, { connections: 128, pipelining: 1 })

createServer((request, response) => {
  const headers = ['host', new URL(upstream).host]
  const { rawHeaders } = request
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toLowerCase()
    if (name !== 'host' && name !== 'connection') headers.push(name, rawHeaders[index + 1])
  }
  const chunks = []
  let status = 502
  let type = ''
  const { method, url } = request
  const body = method === 'POST' ? request : undefined
  pool.dispatch(
    { method, path: url, headers, body },
    {
      onRequestStart() {},
      onResponseStart(_controller, code, fields) {
        status = code
        type = fields['content-type']
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk)
      },
      onResponseEnd() {
        const whole = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
        response.writeHead(status, ['content-type', type, 'content-length', String(whole.length)])
        response.end(whole.toString('latin1'), 'latin1')
      },
      onResponseError() {
        response.writeHead(502)
        response.end()
      },
    },
  )
}).listen(Number(port), '127.0.0.1')
