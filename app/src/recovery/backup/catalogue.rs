//! What PostgreSQL's catalogue says about the schema of a module.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::manifest::SequenceBackup;
use crate::modules::Schema;

/// The tables of the schema $1 without the table $2, each with its columns. A generated column is
/// computed again.
const TABLES: &str = "
    select class.relname::text, array_agg(attribute.attname::text order by attribute.attnum)
    from pg_catalog.pg_class as class
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = class.oid
    where class.relnamespace = $1::regnamespace
      and class.relkind in ('r', 'p')
      and class.relname <> $2
      and attribute.attnum > 0
      and not attribute.attisdropped
      and attribute.attgenerated = ''
    group by class.relname
    order by class.relname";

/// Pairs of tables of the schema $1, of which the first refers to the second.
const REFERENCES: &str = "
    select referring.relname::text, referred.relname::text
    from pg_catalog.pg_constraint as reference
    join pg_catalog.pg_class as referring on referring.oid = reference.conrelid
    join pg_catalog.pg_class as referred on referred.oid = reference.confrelid
    where reference.contype = 'f'
      and reference.connamespace = $1::regnamespace
      and referring.oid <> referred.oid";

const SEQUENCES: &str = "
    select sequencename::text, last_value
    from pg_catalog.pg_sequences
    where schemaname = $1
    order by sequencename";

/// A table and its columns.
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

/// The tables of a module without that of its migrations, each after the tables that it refers to.
pub async fn tables(connection: &mut PgConnection, module: &str, schema: &Schema) -> Result<Vec<Table>, sqlx::Error> {
    let migrations = schema.migrator.table_name.rsplit('.').next().unwrap_or_default();
    let tables: Vec<(String, Vec<String>)> =
        sqlx::query_as(TABLES).bind(module).bind(migrations).fetch_all(&mut *connection).await?;
    let references: Vec<(String, String)> = sqlx::query_as(REFERENCES).bind(module).fetch_all(connection).await?;
    let tables: BTreeMap<String, Vec<String>> = tables.into_iter().collect();
    let order = in_order_of_references(tables.keys().cloned().collect(), &references);
    let with_columns = |name: String| Table { columns: tables.get(&name).cloned().unwrap_or_default(), name };
    Ok(order.into_iter().map(with_columns).collect())
}

/// Sorts tables so that each comes after those that it refers to. Tables that refer to each other
/// come last.
fn in_order_of_references(tables: Vec<String>, references: &[(String, String)]) -> Vec<String> {
    let mut rest: BTreeSet<String> = tables.into_iter().collect();
    let mut order = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let waits = |table: &&String| references.iter().any(|(from, to)| from == *table && rest.contains(to));
        let ready: Vec<String> = rest.iter().filter(|table| !waits(table)).cloned().collect();
        let next = if ready.is_empty() { rest.iter().cloned().collect() } else { ready };
        rest.retain(|table| !next.contains(table));
        order.extend(next);
    }
    order
}

/// The sequences of a module.
pub async fn sequences(connection: &mut PgConnection, module: &str) -> Result<Vec<SequenceBackup>, sqlx::Error> {
    let sequences: Vec<(String, Option<i64>)> = sqlx::query_as(SEQUENCES).bind(module).fetch_all(connection).await?;
    Ok(sequences.into_iter().map(|(name, last_value)| SequenceBackup { name, last_value }).collect())
}

/// A name as SQL quotes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table with its columns, as `copy` takes it.
pub fn copied(module: &str, table: &str, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    format!("{}.{} ({})", quoted(module), quoted(table), columns.join(", "))
}

/// Makes the session write and read values in the same form on every server.
pub async fn fix_formats(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let settings = "
        set client_encoding = 'UTF8';
        set datestyle = 'ISO, YMD';
        set intervalstyle = 'postgres';
        set timezone = 'UTC';
        set bytea_output = 'hex';
        set extra_float_digits = 1";
    connection.execute(sqlx::raw_sql(settings)).await?;
    Ok(())
}

/// Whether a table has a row.
pub async fn has_rows(connection: &mut PgConnection, module: &str, table: &str) -> Result<bool, sqlx::Error> {
    let statement = format!("select exists (select from {}.{})", quoted(module), quoted(table));
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let references = [("a", "c"), ("c", "d"), ("x", "y"), ("y", "x")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let order = in_order_of_references(names(&["a", "b", "c", "d", "x", "y"]), &references);
        assert_eq!(order, names(&["b", "d", "c", "a", "x", "y"]));
    }
}
