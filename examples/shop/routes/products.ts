import type { Answer } from '../answer.ts'
import { firstRow, insertRow, runSql } from '../database.ts'
import { partsOf } from '../body.ts'
import { pathValue, type Call, type Route } from '../router.ts'
import { page } from './page.ts'

/** The catalog. HOLE `cost-price`: rows go out as they stand in the table. */
export const PRODUCT_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/products', answer: listProducts },
  { method: 'GET', template: '/v0/products', answer: listProductsV0 },
  { method: 'GET', template: '/products/{productId}', answer: getProduct },
  { method: 'POST', template: '/products/{productId}/images', answer: addImage },
  // HOLE `undeclared-method`: left over from a test, in no document.
  { method: 'DELETE', template: '/products/{productId}', answer: deleteProduct },
]

/** HOLE `injection-search`: `q` stands in the statement as it came. */
function listProducts(call: Call): Answer {
  const category = call.query.get('category')
  const wanted = category === null ? '' : `category = '${category}' AND `
  const name = call.query.get('q') ?? ''
  const sql = `SELECT * FROM products WHERE ${wanted}name LIKE '%${name}%'`
  return { status: 200, json: page(call, sql) }
}

/** HOLE `injection-old-search`: the same, and no pattern in the document to stop it. */
function listProductsV0({ query, database }: Call): Answer {
  const sql = `SELECT * FROM products WHERE name LIKE '%${query.get('name') ?? ''}%'`
  return { status: 200, json: runSql(database, sql) }
}

/** HOLE `stack-trace`: nobody thought of a product that does not exist. */
function getProduct(call: Call): Answer {
  const sql = `SELECT * FROM products WHERE id = ${pathValue(call, 'productId')}`
  const row = firstRow(call.database, sql) as { name: string }
  return { status: 200, json: { ...row, name: row.name.trim() } }
}

function deleteProduct(call: Call): Answer {
  runSql(call.database, `DELETE FROM products WHERE id = ${pathValue(call, 'productId')}`)
  return { status: 204 }
}

/** HOLE `file-name`: kept as sent, `../` included. */
function addImage(call: Call): Answer {
  const parts = partsOf(call.bytes, call.mediaType)
  const image = parts.find((part) => part.name === 'image')
  const caption = parts.find((part) => part.name === 'caption')
  const row = insertRow(call.database, 'images', {
    productId: Number(pathValue(call, 'productId')),
    fileName: image?.fileName ?? 'unnamed',
    caption: caption?.bytes.toString(),
  })
  const { id, productId, fileName } = row
  const byteLength = image?.bytes.length ?? 0
  return { status: 201, json: { id, productId, fileName, caption: row['caption'], byteLength } }
}
