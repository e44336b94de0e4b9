//! The statements of the limits, and who is given which.

use crate::error::Result;
use crate::installation::{Installation, accounting, limit_of, tracker};
use crate::server::Server;
use crate::sql::Session;

const WORKERS: &str = include_str!("../limits/workers.sql");
pub const LEDGER: &str = include_str!("../limits/ledger.sql");

/// A limit's database with what all its statements use, and those of one scenario.
pub struct Limit {
    pub database: String,
    pub session: Session,
}

impl Limit {
    /// In the copy of the company's tracker.
    ///
    /// # Errors
    /// What psql says.
    pub async fn of_tracker(server: &Server, company: &Installation, statements: &str) -> Result<Self> {
        Self::prepare(server, tracker(&limit_of(&company.name)), WORKERS, statements).await
    }

    /// In the copy of its accounting.
    ///
    /// # Errors
    /// What psql says.
    pub async fn of_accounting(server: &Server, company: &Installation, statements: &str) -> Result<Self> {
        Self::prepare(server, accounting(&limit_of(&company.name)), LEDGER, statements).await
    }

    async fn prepare(server: &Server, database: String, common: &str, statements: &str) -> Result<Self> {
        let mut session = Session::open(server, &database)?;
        session.run(common).await?;
        session.run(statements).await?;
        Ok(Self { database, session })
    }
}
