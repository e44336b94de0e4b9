//! The environment of an application in the test's own process: it survives a restart of the
//! application.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use piecework::config;
use tempfile::TempDir;

use crate::{Login, TestDatabase};

/// The time at which the application starts for the first time: a Monday.
pub const MORNING: &str = "2026-11-02T09:00:00Z";

/// Two databases and a data directory. They are deleted with this value.
pub struct TestEnvironment {
    pub tracker: TestDatabase,
    pub accounting: TestDatabase,
    data: TempDir,
}

/// A point in time from its RFC 3339 text.
#[must_use]
pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl TestEnvironment {
    /// Migrated, empty databases.
    pub async fn new() -> Self {
        let (tracker, accounting) = tokio::join!(crate::tracker(), crate::accounting());
        Self { tracker, accounting, data: tempfile::tempdir().unwrap() }
    }

    /// Databases that belong to `login` and hold nothing: the application has to migrate them.
    pub async fn owned_by(login: &Login) -> Self {
        let (tracker, accounting) = tokio::join!(login.database(), login.database());
        Self { tracker, accounting, data: tempfile::tempdir().unwrap() }
    }

    #[must_use]
    pub fn config(&self) -> config::Config {
        let settings = [
            ("PIECEWORK_PROFILE", "test".to_owned()),
            ("PIECEWORK__DATA_DIR", self.data.path().display().to_string()),
            ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", self.tracker.url()),
            ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", self.accounting.url()),
            ("PIECEWORK__HTTP__WORKERS", "2".to_owned()),
            // A test may move the clock over an evening without logging in again.
            ("PIECEWORK__AUTH__ACCESS_TOKEN_S", "86400".to_owned()),
        ];
        let settings: BTreeMap<_, _> = settings.map(|(key, value)| (key.to_owned(), value)).into();
        config::load_from(&settings, &[]).unwrap().config
    }

    /// The directory in which the application writes each mail as a file.
    #[must_use]
    pub fn mail_directory(&self) -> PathBuf {
        piecework::modules::mail_folder(self.data.path())
    }
}
