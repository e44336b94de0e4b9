//! The databases and common statements of the baseline: what PostgreSQL alone does.

use crate::error::Result;
use crate::installation::{Installation, accounting, baseline_of, tracker};
use crate::server::Server;
use crate::sql::Session;

/// A table of workers by number.
const WORKERS: &str = include_str!("../baseline/workers.sql");

/// A table of wallets by number, and functions for the ledger.
pub const LEDGER: &str = include_str!("../baseline/ledger.sql");

/// A database of the baseline with the statements of one scenario.
pub struct Baseline {
    /// The database's name.
    pub database: String,
    /// A session in the database.
    pub session: Session,
}

impl Baseline {
    /// Runs `statements` in the copy of the installation's tracker database.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn in_tracker(server: &Server, installation: &Installation, statements: &str) -> Result<Self> {
        Self::prepare(server, tracker(&baseline_of(&installation.name)), WORKERS, statements).await
    }

    /// Runs `statements` in the copy of the installation's accounting database.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn in_accounting(server: &Server, installation: &Installation, statements: &str) -> Result<Self> {
        Self::prepare(server, accounting(&baseline_of(&installation.name)), LEDGER, statements).await
    }

    async fn prepare(server: &Server, database: String, common: &str, statements: &str) -> Result<Self> {
        let mut session = server.open_session(&database)?;
        session.run(common).await?;
        session.run(statements).await?;
        Ok(Self { database, session })
    }
}
