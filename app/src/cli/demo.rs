//! `piecework demo`: serves a company that has been at work for three weeks.

use std::path::Path;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::Ambient;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::output::{print_json, print_line};
use super::{Context, serve};
use crate::application::Application;
use crate::config::{BusKind, Config};
use crate::databases::Databases;
use crate::hosting::Hosting;
use crate::http::API_PREFIX;
use crate::modules::mail_folder;
use crate::{Error, demo};

/// The demo's own folder below the usual data directory.
const FOLDER: &str = "demo";
/// Written last: a history that was interrupted is begun anew.
const READY_FILE: &str = "demo.json";

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Begin anew, with a new history
    #[arg(long)]
    fresh: bool,
}

/// What is kept of a finished history.
#[derive(Serialize, Deserialize)]
struct Ready {
    /// Everybody's, drawn for this demo alone.
    password: String,
}

pub async fn run(context: &Context, arguments: &DemoArguments) -> Result<(), Error> {
    let config = demo_config(&context.loaded.config)?;
    let ready_file = config.data_dir.join(READY_FILE);
    let ready = match read_ready(&ready_file) {
        Some(ready) if !arguments.fresh => ready,
        _ => make(&config, &ready_file).await?,
    };
    serve::serve(&config, async |application| greet(context, application, &ready)).await
}

/// A data directory and databases of its own, and mail that leaves nothing but files.
fn demo_config(config: &Config) -> Result<Config, Error> {
    if config.modules.hosting().is_ok_and(|hosting| hosting != Hosting::all()) {
        return Err(Error::Usage("the demo hosts all modules: leave `modules.hosted` out".to_owned()));
    }
    let mut config = config.clone();
    config.bus.kind = BusKind::Broadcast;
    config.data_dir = config.data_dir.join(FOLDER);
    config.databases.tracker.write_url = None;
    config.databases.accounting.write_url = None;
    config.databases.tracker.read_urls.clear();
    config.databases.accounting.read_urls.clear();
    config.email.transport = email::Transport::File;
    Ok(config)
}

fn read_ready(path: &Path) -> Option<Ready> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

async fn make(config: &Config, ready_file: &Path) -> Result<Ready, Error> {
    Databases::empty_embedded(config).await?;
    let mails = mail_folder(&config.data_dir);
    unless_missing(std::fs::remove_file(ready_file), ready_file)?;
    unless_missing(std::fs::remove_dir_all(&mails), &mails)?;
    let ambient = Ambient::system();
    let mut secret = [0_u8; 6];
    ambient.fill(&mut secret);
    let password = secret.iter().fold("demo-".to_owned(), |password, byte| format!("{password}{byte:02x}"));
    let bar = ProgressBar::new(1).with_message("playing three weeks of history").with_style(
        ProgressStyle::with_template("{bar:40} day {pos} of {len}: {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    demo::play(config, &password, ambient.now(), |day, days| {
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

fn greet(context: &Context, application: &Application, ready: &Ready) -> Result<(), Error> {
    let url = application.public_url();
    let mut logins: Vec<(&str, &str)> = Vec::new();
    for (email, _, role, _) in demo::PEOPLE {
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
    print_line(&format!("The demo is up: {url}\nThe API, to read and to try: {url}{API_PREFIX}/docs\n\nLogins:"))?;
    for (role, email) in logins {
        print_line(&format!("  {role:<11} {email:<20} {}", ready.password))?;
    }
    print_line(&format!(
        "\nFor example:\n  curl -X POST {url}{API_PREFIX}/auth/login -H 'Content-Type: application/json' \\\n    \
         -d '{}'",
        json!({ "email": demo::PEOPLE[0].0, "password": ready.password })
    ))
}
