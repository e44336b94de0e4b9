//! `piecework migrate`: brings the databases up to date.

use kernel::Ambient;

use super::Context;
use super::output::{print_json, print_line};
use crate::databases::{COMMAND_PATIENCE, Databases};
use crate::hosting::Hosting;
use crate::{Error, migrations};

pub async fn run(context: &Context) -> Result<(), Error> {
    let databases =
        Databases::open(&context.loaded.config, &Hosting::all(), &Ambient::system(), COMMAND_PATIENCE).await?;
    migrations::migrate(&databases).await?;
    databases.close().await;
    if context.json {
        print_json(&serde_json::json!({ "migrated": true }))
    } else {
        print_line("Both databases are up to date.")
    }
}
