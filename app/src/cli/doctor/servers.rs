//! The doctor's checks of PostgreSQL's servers: the sessions that they give, what a crash or a
//! failover may lose, and how many processes they have connections for.

use std::collections::BTreeMap;

use kernel::db::{PoolKind, SessionUse, find_session_defect};
use sqlx::{FromRow, PgPool};

use super::check::Check;
use crate::Error;
use crate::databases::{Database, Databases};
use crate::modules::{ModulePlan, entry};

/// Two processes run during an upgrade.
const PROCESSES_MIN: u32 = 2;
/// Connections of a process beside its pools: one for probes, and one for migrations.
const OTHER_CONNECTIONS: u32 = 2;

/// The settings of a server, and the standbys that are attached to it. A login without the right
/// `pg_monitor` does not see the state of a standby.
const SERVER: &str = "
    select
        current_setting('fsync') = 'on' as fsync,
        current_setting('full_page_writes') = 'on' as full_page_writes,
        current_setting('synchronous_commit') as synchronous_commit,
        current_setting('synchronous_standby_names') as synchronous_standby_names,
        (select count(*) from pg_stat_replication) as standbys,
        (select count(*) from pg_stat_replication where sync_state is not null) as visible_standbys,
        (select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')) as synchronous_standbys,
        current_setting('max_connections')::integer as connections,
        current_setting('superuser_reserved_connections')::integer
            + coalesce(current_setting('reserved_connections', true)::integer, 0) as reserved";

/// A row of `SERVER`.
#[derive(FromRow)]
struct Server {
    fsync: bool,
    full_page_writes: bool,
    synchronous_commit: String,
    synchronous_standby_names: String,
    standbys: i64,
    visible_standbys: i64,
    synchronous_standbys: i64,
    connections: i32,
    /// Connections that only some logins may open.
    reserved: i32,
}

/// Opens sessions as modules do.
pub async fn sessions(database: &Database) -> Check {
    let name = format!("sessions of {}", database.name);
    match find_session_defect(&database.endpoints().primary(), SessionUse::Write).await {
        Ok(None) => Check::passed(name, "keep their settings"),
        Ok(Some(defect)) => Check::failed(
            name,
            format!("the write_url {defect}"),
            "set it to PostgreSQL itself, or let the pooler work in session mode and give the login the settings that it \
             drops (alter role … set …)",
        ),
        Err(error) => Check::failed(name, error.to_string(), "check the log of the server"),
    }
}

/// Checks the settings on which it depends whether a crash or a failover loses what was committed.
pub async fn durability(database: &Database) -> Vec<Check> {
    let name = format!("durability of {}", database.name);
    let server = match load(database).await {
        Ok(server) => server,
        Err(error) => return vec![Check::failed(name, error.to_string(), "check the log of the server")],
    };
    let warnings = [
        (!server.fsync, "fsync is off", "set fsync = on: a crash of the machine may destroy the database"),
        (
            !server.full_page_writes,
            "full_page_writes is off",
            "set full_page_writes = on, unless the file system writes whole pages: a crash of the machine may destroy the \
             database",
        ),
        (
            server.synchronous_commit == "off",
            "synchronous_commit is off",
            "set synchronous_commit = on: a crash may lose commands that were answered",
        ),
        (
            server.has_only_asynchronous_standbys(),
            "a standby is attached, and none is synchronous",
            "set synchronous_standby_names (with Patroni: synchronous_mode), or expect that a failover loses the last \
             commands; then run `piecework events replay` and `piecework reconcile`",
        ),
    ];
    let warnings = warnings.into_iter().filter(|(is_found, ..)| *is_found);
    let warned: Vec<Check> = warnings.map(|(_, found, advice)| Check::warned(&name, found, advice)).collect();
    if warned.is_empty() {
        let found =
            format!("a commit is on disk before it is answered, and on {} standbys", server.synchronous_standbys);
        return vec![Check::passed(name, found)];
    }
    warned
}

/// Compares the connections that each server allows with those that this process may open.
pub async fn connections(plan: &ModulePlan, databases: &Databases) -> Vec<Check> {
    let mut servers: BTreeMap<String, (u32, &Database)> = BTreeMap::new();
    for database in databases.used() {
        let primary = database.endpoints().primary();
        let address = format!("{}:{}", primary.get_host(), primary.get_port());
        servers.entry(address).or_insert((0, database)).0 += connections_of(plan, database);
    }
    let mut checks = Vec::new();
    for (address, (needed, database)) in servers {
        // A server that does not answer is reported by other checks.
        let Ok(server) = load(database).await else { continue };
        let allowed = u32::try_from(server.connections - server.reserved).unwrap_or_default();
        let processes = allowed / needed.max(1);
        let name = format!("connections of {address}");
        let found = format!(
            "it allows {allowed}, and this process may open {needed}: processes with these settings that fit: {processes}"
        );
        checks.push(if processes >= PROCESSES_MIN {
            Check::passed(name, found)
        } else {
            let advice = format!(
                "two processes run during an upgrade: set max_connections of the server to {} or more, or write_connections \
                 and read_connections to less",
                PROCESSES_MIN * needed + server.reserved.unsigned_abs()
            );
            Check::warned(name, found, advice)
        });
    }
    checks
}

/// The connections to the primary that this process may open.
fn connections_of(plan: &ModulePlan, database: &Database) -> u32 {
    let counts = |owner: &str, kind: PoolKind| match entry(owner) {
        None => true,
        Some(module) => plan.hosts(owner) || (module.is_read_by_every_process && kind == PoolKind::Read),
    };
    let pools = database.endpoints().pool_states().into_iter().filter(|pool| pool.is_on_primary);
    let counted = pools.filter(|pool| counts(pool.name.owner, pool.name.kind));
    counted.map(|pool| pool.max).sum::<u32>() + OTHER_CONNECTIONS
}

impl Server {
    fn has_only_asynchronous_standbys(&self) -> bool {
        let are_seen_asynchronous = self.visible_standbys > 0 && self.synchronous_standbys == 0;
        self.standbys > 0 && (self.synchronous_standby_names.is_empty() || are_seen_asynchronous)
    }
}

async fn load(database: &Database) -> Result<Server, Error> {
    let pool: PgPool = database.maintenance().await?;
    let server = sqlx::query_as(SERVER).fetch_one(&pool).await;
    pool.close().await;
    server.map_err(Error::database(database.name.as_str()))
}
