//! A PostgreSQL role without login for each module, so that PostgreSQL refuses a module access to
//! the data of another.
//!
//! The name of a role consists of the name of its schema's owner and the module's name, as in
//! `piecework_tasks`. Roles belong to the whole cluster, and installations that share a cluster
//! under different owners must not share rights. Roles guard against mistakes, not against an
//! attacker who can send statements: a session may always return to the role that it logged in
//! with.

use std::fmt;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

/// Maximum number of attempts to provision a role. Two suffice, unless other processes provision
/// the same role at the same time, perhaps from other databases of the cluster.
const ATTEMPTS_MAX: u32 = 20;

/// Makes the session take the role $2 of the schema $1, if the login is granted the role and the
/// role has its rights in this database. Otherwise the session keeps its role. Since PostgreSQL 16
/// a member of a role is not always allowed to take it.
const TAKE: &str = "
    select set_config('role', role.rolname, false)
    from pg_catalog.pg_namespace as schema
    join pg_catalog.pg_roles as owner on owner.oid = schema.nspowner
    join pg_catalog.pg_roles as role on role.rolname = owner.rolname || '_' || $2
    where schema.nspname = $1
      and not role.rolcanlogin and not role.rolsuper
      and pg_has_role(session_user, role.oid,
          case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end)
      and has_schema_privilege(role.oid, schema.oid, 'usage')";

/// Reads what exists of the role $2 of the schema $1, with the statements that create it.
const STATUS: &str = "
    select
        owner.rolname || '_' || $2 as name,
        role.oid is not null as exists,
        coalesce(role.rolcanlogin or role.rolsuper, false) as is_foreign,
        coalesce(pg_has_role(session_user, role.oid,
            case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end), false) as is_granted,
        (login.rolsuper or login.rolcreaterole) and octet_length(owner.rolname || '_' || $2) <= 63 as may_create,
        format('create role %I', owner.rolname || '_' || $2) as create_role,
        -- Not inherited, where PostgreSQL supports it: the login itself gains no rights.
        format('grant %I to %I', owner.rolname || '_' || $2, session_user)
            || case when current_setting('server_version_num')::integer >= 160000 then ' with inherit false, set true' else '' end
            as grant_role
    from pg_catalog.pg_namespace as schema
    join pg_catalog.pg_roles as owner on owner.oid = schema.nspowner
    join pg_catalog.pg_roles as login on login.rolname = current_user
    left join pg_catalog.pg_roles as role on role.rolname = owner.rolname || '_' || $2
    where schema.nspname = $1";

/// Lists the statements after which the role $2 has exactly its rights in the schema $1. $3 is true
/// for the schema of the role's own module. A table with a trigger `<table>_append_only` can be
/// read and appended to. The table of the migrations cannot be accessed.
const DIFFERENCE: &str = "
    with object as (
        select 'schema' as kind, format('%I', nspname) as name, nspacl as acl, array['usage'] as wanted
        from pg_catalog.pg_namespace
        where nspname = $1
        union all
        select
            case relation.relkind when 'S' then 'sequence' else 'table' end,
            format('%I.%I', $1, relation.relname),
            relation.relacl,
            case
                when not $3 then case when relation.relkind in ('v', 'm') then array['select'] else '{}' end
                when relation.relname = 'migrations' then '{}'
                when relation.relkind = 'S' then array['select', 'usage']
                when exists (
                    select from pg_catalog.pg_trigger as refusal
                    where refusal.tgrelid = relation.oid and refusal.tgname = relation.relname || '_append_only'
                ) then array['insert', 'select']
                else array['delete', 'insert', 'select', 'update']
            end
        from pg_catalog.pg_class as relation
        where relation.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = $1)
          and relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    ),
    right_of_role as (
        select kind, name, wanted, array(
            select lower(entry.privilege_type)
            from aclexplode(object.acl) as entry
            where entry.grantee = (select oid from pg_catalog.pg_roles where rolname = $2)
        ) as held
        from object
    ),
    difference as (
        select
            kind,
            name,
            array(select unnest(wanted) except select unnest(held) order by 1) as lacking,
            array(select unnest(held) except select unnest(wanted) order by 1) as excess
        from right_of_role
    )
    select format('grant %s on %s %s to %I', array_to_string(lacking, ', '), kind, name, $2)
    from difference
    where lacking <> '{}'
    union all
    select format('revoke %s on %s %s from %I', array_to_string(excess, ', '), kind, name, $2)
    from difference
    where excess <> '{}'";

/// The role that a session takes: that of `module`, with its rights in `schema`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleRole {
    /// The name of the module that the role belongs to.
    pub module: &'static str,
    /// The schema in which the role has rights.
    pub schema: &'static str,
}

/// What exists of a role in a database.
#[derive(Debug)]
pub struct RoleStatus {
    /// The name of the role; empty if the schema does not exist yet.
    pub name: String,
    /// Why sessions do not take the role or lack rights in it; none if the role is in order.
    pub defect: Option<RoleDefect>,
    /// The statements that remove the defect, for a login that is allowed to execute them.
    pub remedy: Vec<String>,
}

/// Why a role cannot be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleDefect {
    /// The schema does not exist yet.
    NotMigrated,
    /// The role does not exist.
    Missing,
    /// The role of this name has a login or is a superuser, so it was made for another purpose.
    Foreign,
    /// The login is not allowed to take the role.
    NotGranted,
    /// The role has too few rights in this database, or too many.
    WrongRights,
}

/// A row of `STATUS`.
#[derive(sqlx::FromRow)]
struct StatusRow {
    name: String,
    exists: bool,
    is_foreign: bool,
    is_granted: bool,
    may_create: bool,
    create_role: String,
    grant_role: String,
}

impl fmt::Display for RoleDefect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotMigrated => "the schema does not exist yet",
            Self::Missing => "there is no such role",
            Self::Foreign => "the role of this name has a login or is a superuser",
            Self::NotGranted => "the login may not take it",
            Self::WrongRights => "its rights are not those it should have",
        })
    }
}

impl ModuleRole {
    /// The role of the module that owns the schema of its name.
    #[must_use]
    pub const fn owning(module: &'static str) -> Self {
        Self { module, schema: module }
    }

    /// The role of a module that reads the views in the schema of another module.
    #[must_use]
    pub const fn reading(module: &'static str, schema: &'static str) -> Self {
        Self { module, schema }
    }

    /// Makes a new session take this role. If the role cannot be taken, the session keeps its own.
    pub(super) async fn take(self, session: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(TAKE).persistent(false).bind(self.schema).bind(self.module).execute(session).await?;
        Ok(())
    }

    /// Creates the role if it is missing and corrects its rights, as far as the login is allowed
    /// to. The caller holds the lock of the database's migrations.
    ///
    /// That lock does not serialize processes on different databases of a cluster, which share the
    /// role. The unique index of the cluster's catalogue does: the second process waits at it, is
    /// refused, and finds the role in its next attempt.
    ///
    /// # Errors
    /// The database does not answer. A login that may not correct the role is no error: the
    /// returned status says so.
    pub async fn provision(self, connection: &mut PgConnection) -> Result<RoleStatus, sqlx::Error> {
        for _ in 0..ATTEMPTS_MAX {
            let (status, may_correct) = self.load_status(connection).await?;
            if !may_correct {
                return Ok(status);
            }
            match run_all(connection, &status.remedy).await {
                Err(error) if is_refusal(&error) => return Ok(status),
                Err(error) if !is_race(&error) => return Err(error),
                // Corrected by this process or by another.
                _ => {}
            }
        }
        // A grant by a login that may not grant all of it is only a warning.
        self.check(connection).await
    }

    /// Reads the status and changes nothing.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn check(self, connection: &mut PgConnection) -> Result<RoleStatus, sqlx::Error> {
        Ok(self.load_status(connection).await?.0)
    }

    /// The status, and whether the login may try the remedy.
    async fn load_status(self, connection: &mut PgConnection) -> Result<(RoleStatus, bool), sqlx::Error> {
        let row = sqlx::query_as(STATUS).bind(self.schema).bind(self.module).fetch_optional(&mut *connection).await?;
        let Some(StatusRow { name, exists, is_foreign, is_granted, may_create, create_role, grant_role }) = row else {
            let status = RoleStatus { name: String::new(), defect: Some(RoleDefect::NotMigrated), remedy: Vec::new() };
            return Ok((status, false));
        };
        let (defect, remedy, may_correct) = if !exists {
            (RoleDefect::Missing, vec![create_role, grant_role], may_create)
        } else if is_foreign {
            (RoleDefect::Foreign, Vec::new(), false)
        } else if !is_granted {
            (RoleDefect::NotGranted, vec![grant_role], true)
        } else {
            let is_owner = self.module == self.schema;
            let difference: Vec<String> = sqlx::query_scalar(DIFFERENCE)
                .bind(self.schema)
                .bind(&name)
                .bind(is_owner)
                .fetch_all(connection)
                .await?;
            if difference.is_empty() {
                return Ok((RoleStatus { name, defect: None, remedy: difference }, false));
            }
            (RoleDefect::WrongRights, difference, true)
        };
        Ok((RoleStatus { name, defect: Some(defect), remedy }, may_correct))
    }
}

/// Executes the statements in one transaction.
async fn run_all(connection: &mut PgConnection, statements: &[String]) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for statement in statements {
        // The database composed the statement itself, with `format` and %I.
        sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Another process has just created the same role or changed the same row of the catalogue.
fn is_race(error: &sqlx::Error) -> bool {
    // Duplicate object, unique violation, "tuple concurrently updated", serialization failure,
    // deadlock.
    is_one_of(error, &["42710", "23505", "XX000", "40001", "40P01"])
}

fn is_refusal(error: &sqlx::Error) -> bool {
    // Insufficient privilege, a reserved name.
    is_one_of(error, &["42501", "42939"])
}

fn is_one_of(error: &sqlx::Error, codes: &[&str]) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.code().is_some_and(|code| codes.contains(&&*code)))
}
