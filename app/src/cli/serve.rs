//! `piecework serve`: hosts the modules until it is told to stop.

use clap::{Args, ValueEnum};
use kernel::Ambient;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Context;
use super::output::{print_json, print_line};
use crate::Error;
use crate::application::{Application, Options};
use crate::config::{Config, Override};
use crate::http::API_PREFIX;
use crate::modules::TABLE;

#[derive(Debug, Default, Args)]
pub struct ServeArguments {
    /// Which modules to host, with commas between them [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    modules: Vec<String>,
    /// What carries events between the modules [default: broadcast]
    #[arg(long, value_enum)]
    bus: Option<Bus>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Bus {
    Broadcast,
    Rabbitmq,
}

impl ServeArguments {
    /// The settings that options of the command line stand for.
    pub fn overrides(&self) -> Vec<Override> {
        let mut overrides = Vec::new();
        if !self.modules.is_empty() {
            overrides.push(Override { option: "--modules", key: "modules.hosted", value: self.modules.join(",") });
        }
        if let Some(bus) = self.bus {
            let value = match bus {
                Bus::Broadcast => "broadcast",
                Bus::Rabbitmq => "rabbitmq",
            };
            overrides.push(Override { option: "--bus", key: "bus.kind", value: value.to_owned() });
        }
        overrides
    }
}

pub async fn run(context: &Context) -> Result<(), Error> {
    serve(&context.loaded.config, async |application| greet(context, application).await).await
}

/// Hosts what the settings say until a signal comes; `greet` is called once it is up.
pub async fn serve(config: &Config, greet: impl AsyncFnOnce(&Application) -> Result<(), Error>) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let build = Application::build(config, Options::serve(), Ambient::system());
    let application = tokio::select! {
        built = build => built?,
        () = signals.received() => return Ok(()),
    };
    if let Err(error) = greet(&application).await {
        application.stop().await;
        return Err(error);
    }
    signals.received().await;
    tracing::info!("stopping; the same signal again ends the process at once");
    tokio::select! {
        () = application.stop() => Ok(()),
        () = signals.received() => Err(Error::Failed("stopped before everything was put away; nothing that was answered is lost".to_owned())),
    }
}

/// Says where to go, and how to make the first admin.
async fn greet(context: &Context, application: &Application) -> Result<(), Error> {
    let url = application.public_url();
    let waiting_for = application.state.waiting_for();
    let modules: Vec<&str> = application.state.hosted().collect();
    let token = if modules.contains(&"identity") { first_admin_token(application).await? } else { None };
    let address = application.address().map(|address| address.to_string());
    if context.json {
        return print_json(&json!({
            "url": url,
            "address": address,
            "docs": format!("{url}{API_PREFIX}/docs"),
            "first_admin_token": token,
            "modules": modules,
            "waiting_for": waiting_for,
        }));
    }
    print_line(&format!("Piecework is up: {url}\nThe API, to read and to try: {url}{API_PREFIX}/docs"))?;
    if modules.len() < TABLE.len() {
        print_line(&format!("It hosts {}; requests for the others are passed on.", modules.join(", ")))?;
    }
    for database in waiting_for {
        print_line(&format!("The database {database} is not there yet; what needs it answers 503 until it is."))?;
    }
    if let Some(token) = token {
        let body =
            json!({ "token": token, "email": "you@example.org", "name": "Your Name", "password": "CHOOSE-A-PASSWORD" });
        print_line(&format!(
            "Nobody has an account yet. This makes the first admin, once:\n  \
             curl -X POST {url}{API_PREFIX}/auth/set-password -H 'Content-Type: application/json' \\\n    -d '{body}'"
        ))?;
    }
    Ok(())
}

async fn first_admin_token(application: &Application) -> Result<Option<String>, Error> {
    match application.modules.identity.first_admin_link_token().await {
        // It is said again by the next start.
        Err(identity::Error::Database(error)) if kernel::db::is_unavailable(&error) => Ok(None),
        token => token.map_err(|error| Error::Module { module: "identity", reason: error.to_string() }),
    }
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::io("listen for signals"));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
