import type { Answer } from '../answer.ts'
import { runSql } from '../database.ts'
import type { Call, Route } from '../router.ts'

/** HOLE `debug-config`, `debug-sql`: routes that no document names. */
export const DEBUG_ROUTES: readonly Route[] = [
  { method: 'GET', template: '/debug/config', answer: showConfig },
  { method: 'GET', template: '/debug/sql', answer: runQuery },
]

/** Looks like an environment; every value is made up. */
const FAKE_ENVIRONMENT: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://shop:fake-password@db.shop.internal:5432/shop',
  JWT_SECRET: 'secret',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'fake-not-a-real-secret-key',
  PAYMENT_API_KEY: 'fake-not-a-real-payment-key',
}

function showConfig(): Answer {
  return { status: 200, json: FAKE_ENVIRONMENT }
}

function runQuery({ query, database }: Call): Answer {
  return { status: 200, json: runSql(database, query.get('q') ?? 'SELECT 1') }
}
