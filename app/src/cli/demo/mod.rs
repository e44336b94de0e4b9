//! `piecework demo`: serves a demo company with three weeks of history.

mod history;

use std::path::Path;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::Ambient;
use kernel::text::hex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::context::Context;
use super::output::{print_json, print_line};
use super::serve;
use crate::Error;
use crate::application::Application;
use crate::config::{BusKind, Config};
use crate::data_directory::{DEMO_FILE, DEMO_FOLDER};
use crate::databases::drop_databases;
use crate::http::API_PREFIX;
use crate::modules::{ModulePlan, mail_folder};

/// The options of the command.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Delete the demo company and create a new one
    #[arg(long)]
    fresh: bool,
}

/// The content of the file that marks a complete history.
#[derive(Serialize, Deserialize)]
struct Ready {
    /// The password of every person. It is random and valid in this demo only.
    password: String,
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &DemoArguments) -> Result<(), Error> {
    let config = demo_config(&context.loaded.config)?;
    let ready_file = config.data_dir.join(DEMO_FILE);
    let ready = match read_ready(&ready_file) {
        Some(ready) if !arguments.fresh => ready,
        _ => create(&config, &ready_file).await?,
    };
    serve::serve(&config, async |application| greet(context, &config, application, &ready)).await
}

/// The configuration of the demo: it has its own data directory and databases, and writes mail to
/// files only.
fn demo_config(config: &Config) -> Result<Config, Error> {
    if !ModulePlan::from_settings(config)?.hosts_all() {
        return Err(Error::Usage("the demo hosts all modules; do not set `modules.hosted`".to_owned()));
    }
    let mut config = config.clone();
    config.bus.kind = BusKind::Broadcast;
    config.data_dir = config.data_dir.join(DEMO_FOLDER);
    config.databases.tracker.write_url = None;
    config.databases.accounting.write_url = None;
    config.databases.tracker.read_urls.clear();
    config.databases.accounting.read_urls.clear();
    config.email.transport = email::Transport::File;
    // The history closes its days at midnight in UTC, and the company earns at these prices.
    let accounting = accounting::Settings::default();
    (config.accounting.time_zone, config.accounting.pricing) = (accounting.time_zone, accounting.pricing);
    Ok(config)
}

fn read_ready(path: &Path) -> Option<Ready> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// Creates the demo company. The ready file is written last: without it, an incomplete history is
/// deleted and created again.
async fn create(config: &Config, ready_file: &Path) -> Result<Ready, Error> {
    drop_databases(config).await?;
    let mails = mail_folder(&config.data_dir);
    unless_missing(std::fs::remove_file(ready_file), ready_file)?;
    unless_missing(std::fs::remove_dir_all(&mails), &mails)?;
    let ambient = Ambient::system();
    let mut secret = [0_u8; 6];
    ambient.fill(&mut secret);
    let password = format!("demo-{}", hex(&secret));
    let bar = ProgressBar::new(1).with_message("creating three weeks of history").with_style(
        ProgressStyle::with_template("{bar:40} day {pos} of {len}: {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    history::create(config, &password, ambient.now(), |day, days| {
        bar.set_length(days);
        bar.set_position(day);
    })
    .await?;
    bar.finish_and_clear();
    let ready = Ready { password };
    let text = serde_json::to_string(&ready).map_err(|error| Error::Failed(error.to_string()))?;
    std::fs::write(ready_file, text).map_err(Error::io(format!("write {}", ready_file.display())))?;
    Ok(ready)
}

fn unless_missing(removed: std::io::Result<()>, path: &Path) -> Result<(), Error> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

fn greet(context: &Context, config: &Config, application: &Application, ready: &Ready) -> Result<(), Error> {
    let url = application.public_url();
    let mut logins: Vec<(&str, &str)> = Vec::new();
    for (email, _, role, _) in history::PEOPLE {
        if logins.iter().all(|(known, _)| *known != role.as_str()) {
            logins.push((role.as_str(), email));
        }
    }
    if context.json {
        let logins: Vec<_> = logins
            .iter()
            .map(|(role, email)| json!({ "role": role, "email": email, "password": ready.password }))
            .collect();
        return print_json(&json!({ "url": url, "docs": format!("{url}{API_PREFIX}/docs"), "logins": logins }));
    }
    print_line(&format!("Open {url} and sign in as one of these people:\n"))?;
    for (role, email) in logins {
        print_line(&format!("  {role:<11} {email:<20} {}", ready.password))?;
    }
    let mails = mail_folder(&config.data_dir);
    print_line(&format!("\nMails, such as invitations, are files in {}", mails.display()))?;
    print_line(&format!("The documentation of the API: {url}{API_PREFIX}/docs"))?;
    print_line("Ctrl+C ends the program")
}
