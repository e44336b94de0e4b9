//! A role without login for each module, so that PostgreSQL itself refuses a module what is another's.
//!
//! The name of a role is that of its schema's owner and the module's, as `piecework_tasks`: roles belong to the whole cluster, and
//! installations that share one under different owners must not share rights. It guards against mistakes, not against who can
//! send statements of his own: a session may always go back to the role that it has logged in with.

use std::fmt;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

/// A role comes about in two steps. More are needed where other processes do the same, also from other databases of the cluster.
const STEPS_MAX: u32 = 20;

/// A session of the role, if there is one that the login may take and that has its rights in this database. Otherwise the session
/// stays what it is. In PostgreSQL 16 a member may be one that cannot take the role.
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

const LOOK: &str = "
    select
        owner.rolname || '_' || $2 as name,
        role.oid is not null as is_there,
        coalesce(role.rolcanlogin or role.rolsuper, false) as is_foreign,
        coalesce(pg_has_role(session_user, role.oid,
            case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end), false) as may_take,
        (login.rolsuper or login.rolcreaterole) and octet_length(owner.rolname || '_' || $2) <= 63 as may_make,
        format('create role %I', owner.rolname || '_' || $2) as make,
        -- Not inherited, where that can be said: the login itself shall gain nothing.
        format('grant %I to %I', owner.rolname || '_' || $2, session_user)
            || case when current_setting('server_version_num')::integer >= 160000 then ' with inherit false, set true' else '' end
            as join_it
    from pg_catalog.pg_namespace as schema
    join pg_catalog.pg_roles as owner on owner.oid = schema.nspowner
    join pg_catalog.pg_roles as login on login.rolname = current_user
    left join pg_catalog.pg_roles as role on role.rolname = owner.rolname || '_' || $2
    where schema.nspname = $1";

/// What has to be granted and revoked, so that the role $2 has exactly its rights in the schema $1: $3 says whether it is the
/// module's own. A table with a trigger `<table>_append_only` is for reading and adding; that of the migrations is none of the
/// module's business.
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

/// Whose rights a session has, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleRole {
    pub module: &'static str,
    pub schema: &'static str,
}

/// What there is of a role in a database.
#[derive(Debug)]
pub struct Standing {
    /// Empty where the schema is not there yet.
    pub name: String,
    /// Why sessions do not take it, or cannot do all they have to; none if all is well.
    pub obstacle: Option<Obstacle>,
    /// What would help, if somebody did it who may.
    pub remedy: Vec<String>,
}

/// Why a role is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    NotMigrated,
    /// There is none.
    Missing,
    /// It may log in or may everything: it is somebody else's.
    Foreign,
    /// The login may not take it.
    NotOurs,
    /// It has too few rights in this database, or too many.
    Unequal,
}

#[derive(sqlx::FromRow)]
struct Seen {
    name: String,
    is_there: bool,
    is_foreign: bool,
    may_take: bool,
    may_make: bool,
    make: String,
    join_it: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotMigrated => "the schema is not there yet",
            Self::Missing => "there is no such role",
            Self::Foreign => "the role of this name may log in or is a superuser's",
            Self::NotOurs => "the login may not take it",
            Self::Unequal => "its rights are not those it should have",
        })
    }
}

impl ModuleRole {
    /// Of the module that owns the schema of its name.
    #[must_use]
    pub const fn owning(module: &'static str) -> Self {
        Self { module, schema: module }
    }

    /// Of a module that reads the views in the schema of another.
    #[must_use]
    pub const fn reading(module: &'static str, schema: &'static str) -> Self {
        Self { module, schema }
    }

    /// Lets a session that has just been opened have this role's rights and no others; without such a role it keeps its own.
    pub(super) async fn take(self, session: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(TAKE).persistent(false).bind(self.schema).bind(self.module).execute(session).await?;
        Ok(())
    }

    /// Makes the role if it is missing and gives it its rights, as far as the login may; by whoever holds the lock of the
    /// database's migrations. Nothing is done where nothing is missing.
    ///
    /// Advisory locks hold within one database, and a role is there for all of them. What serialises its making is the unique
    /// index of the cluster's catalogue: who comes second waits there, is refused, and finds the role when he looks again.
    ///
    /// # Errors
    /// The database does not answer. That the login may not is none: it is told by what is returned.
    pub async fn provide(self, connection: &mut PgConnection) -> Result<Standing, sqlx::Error> {
        for _ in 0..STEPS_MAX {
            let (standing, may_help) = self.examine(connection).await?;
            if !may_help {
                return Ok(standing);
            }
            match run_all(connection, &standing.remedy).await {
                Err(error) if is_refusal(&error) => return Ok(standing),
                Err(error) if !is_race(&error) => return Err(error),
                // Done, or somebody else was faster.
                _ => {}
            }
        }
        // A grant by whoever may not grant all of it is a mere warning.
        self.look(connection).await
    }

    /// Only looks.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn look(self, connection: &mut PgConnection) -> Result<Standing, sqlx::Error> {
        Ok(self.examine(connection).await?.0)
    }

    /// Also tells whether the login may try the remedy.
    async fn examine(self, connection: &mut PgConnection) -> Result<(Standing, bool), sqlx::Error> {
        let seen = sqlx::query_as(LOOK).bind(self.schema).bind(self.module).fetch_optional(&mut *connection).await?;
        let Some(Seen { name, is_there, is_foreign, may_take, may_make, make, join_it }) = seen else {
            let standing = Standing { name: String::new(), obstacle: Some(Obstacle::NotMigrated), remedy: Vec::new() };
            return Ok((standing, false));
        };
        let (obstacle, remedy, may_help) = if !is_there {
            (Obstacle::Missing, vec![make, join_it], may_make)
        } else if is_foreign {
            (Obstacle::Foreign, Vec::new(), false)
        } else if !may_take {
            (Obstacle::NotOurs, vec![join_it], true)
        } else {
            let is_owner = self.module == self.schema;
            let difference: Vec<String> = sqlx::query_scalar(DIFFERENCE)
                .bind(self.schema)
                .bind(&name)
                .bind(is_owner)
                .fetch_all(connection)
                .await?;
            if difference.is_empty() {
                return Ok((Standing { name, obstacle: None, remedy: difference }, false));
            }
            (Obstacle::Unequal, difference, true)
        };
        Ok((Standing { name, obstacle: Some(obstacle), remedy }, may_help))
    }
}

/// All or nothing.
async fn run_all(connection: &mut PgConnection, statements: &[String]) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for statement in statements {
        // Put together by the database itself, with `format` and %I.
        sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Somebody else has just made the same role or changed the same row of the catalogue.
fn is_race(error: &sqlx::Error) -> bool {
    // Duplicate object; the same as a unique violation; "tuple concurrently updated"; serialisation failure; deadlock.
    is_one_of(error, &["42710", "23505", "XX000", "40001", "40P01"])
}

fn is_refusal(error: &sqlx::Error) -> bool {
    // Insufficient privilege; a name that is kept for the server's own roles.
    is_one_of(error, &["42501", "42939"])
}

fn is_one_of(error: &sqlx::Error, codes: &[&str]) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.code().is_some_and(|code| codes.contains(&&*code)))
}
