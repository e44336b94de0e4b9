//! `piecework backup` and `piecework restore`: both databases into a folder, and back.

use std::path::PathBuf;

use clap::Args;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use kernel::Ambient;
use serde_json::json;

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use super::verify::{fail_if_found, print_report};
use crate::Error;
use crate::recovery::backup::{self, Progress};
use crate::recovery::replay;
use crate::verification::{self, VerifyOptions};

/// The options of `backup` and of `restore`.
#[derive(Debug, Args)]
pub struct FolderArguments {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs `backup`.
pub async fn create(context: &Context, arguments: &FolderArguments) -> Result<(), Error> {
    let bar = spinner();
    let created =
        backup::create_backup(&context.loaded.config, &arguments.folder, &Ambient::system(), |part| show(&bar, part))
            .await;
    bar.finish_and_clear();
    let manifest = created?;
    if context.json {
        return print_json(&manifest);
    }
    for database in &manifest.databases {
        let tables = database.modules.iter().flat_map(|module| &module.tables);
        let (rows, bytes) = tables.fold((0, 0), |(rows, bytes), table| (rows + table.rows, bytes + table.bytes));
        let (rows, bytes) = (HumanCount(rows), HumanBytes(bytes));
        print_line(&format!("{} as of {}: {rows} rows in {bytes}", database.name, database.copied_at.to_rfc3339()))?;
    }
    print_line(&format!(
        "The backup is complete in {}. It contains the keys that sign tokens and the hashes of passwords: keep it \
         private.",
        arguments.folder.display()
    ))
}

/// Runs `restore`: fills both databases, publishes all facts again, and verifies the result.
pub async fn restore(context: &Context, arguments: &FolderArguments) -> Result<(), Error> {
    let (config, folder) = (&context.loaded.config, &arguments.folder);
    let manifest = backup::read_manifest(config, folder)?;
    let bar = spinner();
    let restored = backup::restore_backup(config, folder, &manifest, &Ambient::system(), |part| show(&bar, part)).await;
    let shown = bar.clone();
    let observe = move |kind: &'static str, facts| {
        shown.set_message(format!("publishing {kind}: {facts} facts"));
        shown.tick();
    };
    let result = match restored {
        Err(error) => Err(error),
        Ok(()) => {
            with_application(context, async |application| {
                let replayed = replay(application, None, observe).await?;
                bar.set_message("verifying");
                Ok((replayed, verification::verify(application, VerifyOptions::default()).await?))
            })
            .await
        }
    };
    bar.finish_and_clear();
    let (replayed, report) = result?;
    if context.json {
        print_json(&json!({ "rows": manifest.rows(), "replayed": replayed, "report": report }))?;
    } else {
        print_line(&format!(
            "{} rows of the backup of {} are restored, and all facts are published again.",
            HumanCount(manifest.rows()),
            manifest.finished_at.to_rfc3339()
        ))?;
        print_report(&report)?;
    }
    fail_if_found(&report)
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

fn show(bar: &ProgressBar, part: Progress<'_>) {
    let Progress { action, schema, table, bytes } = part;
    bar.set_message(format!("{action} {schema}.{table}: {}", HumanBytes(bytes)));
    bar.tick();
}
