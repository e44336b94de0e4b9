//! `piecework serve`: hosts the modules until a signal stops it.

use std::time::Duration;

use clap::{Args, ValueEnum};
use contracts::pages;
use kernel::Ambient;
use kernel::runtime::repeated::Repeated;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::context::Context;
use super::output::{print_json, print_line};
use crate::Error;
use crate::application::{Application, Options};
use crate::config::{Config, Override};
use crate::http::API_PREFIX;
use crate::modules::CATALOGUE;

/// The pause between two attempts to create the link for the first admin while the database does
/// not answer.
const LINK_PAUSE: Duration = Duration::from_millis(250);
/// Signals that arrive within this time ask for the same stop: a supervisor may send one to the
/// process and one to its group.
const SAME_STOP: Duration = Duration::from_secs(1);

static LINK_NOT_CREATED: Repeated = Repeated::new();

/// The options of the command.
#[derive(Debug, Default, Args)]
pub struct ServeArguments {
    /// The modules to host, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    modules: Vec<String>,
    /// The bus that carries events between the modules [default: broadcast]
    #[arg(long, value_enum)]
    bus: Option<Bus>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Bus {
    Broadcast,
    Rabbitmq,
}

impl ServeArguments {
    /// The settings that the options of the command line replace.
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

/// Runs the command.
pub async fn run(context: &Context) -> Result<(), Error> {
    serve(&context.loaded.config, async |application| greet(context, application).await).await
}

/// Hosts the configured modules until a signal arrives. It calls `greet` once, after the start. A
/// signal also ends a greeting that waits for something.
pub async fn serve(config: &Config, greet: impl AsyncFnOnce(&Application) -> Result<(), Error>) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let build = Application::build(config, Options::serve(), Ambient::system());
    let application = tokio::select! {
        built = build => built?,
        () = signals.received() => return Ok(()),
    };
    let greet_and_wait = async {
        greet(&application).await?;
        std::future::pending().await
    };
    let failed: Result<(), Error> = tokio::select! {
        failed = greet_and_wait => failed,
        () = signals.received() => Ok(()),
    };
    if let Err(error) = failed {
        application.stop().await;
        return Err(error);
    }
    tracing::info!("stopping; a second signal ends the process immediately");
    tokio::select! {
        () = application.stop() => Ok(()),
        () = signals.received_again() => Err(Error::Failed("a second signal ended the process before the stop was complete; no answered request is lost".to_owned())),
    }
}

/// Prints the URL and, on an empty system, how to create the first admin. If the database does not
/// answer yet, the second part follows as soon as it does.
async fn greet(context: &Context, application: &Application) -> Result<(), Error> {
    let modules: Vec<&str> = application.status.hosted().collect();
    let link =
        if modules.contains(&"identity") { first_admin_link(application).await? } else { FirstAdminLink::NotNeeded };
    print_greeting(context, application, &modules, &link)?;
    if !matches!(link, FirstAdminLink::NotKnownYet) {
        return Ok(());
    }
    tracing::info!(
        "the database does not answer yet; if no person has an account, the link for the first admin is printed as \
         soon as it does (`piecework people add --role admin` adds one at any time)"
    );
    loop {
        tokio::time::sleep(LINK_PAUSE).await;
        match first_admin_link(application).await {
            Ok(FirstAdminLink::NotKnownYet) => {}
            Ok(FirstAdminLink::NotNeeded) => return Ok(()),
            Ok(FirstAdminLink::Token(token)) if context.json => {
                return print_json(&json!({ "first_admin_token": token }));
            }
            Ok(FirstAdminLink::Token(token)) => return print_first_admin(application.public_url(), &token),
            // The server works without the link.
            Err(error) => {
                if let Some(suppressed) = LINK_NOT_CREATED.due("") {
                    tracing::warn!(%error, suppressed, "the link for the first admin could not be created");
                }
            }
        }
    }
}

fn print_greeting(
    context: &Context,
    application: &Application,
    modules: &[&str],
    link: &FirstAdminLink,
) -> Result<(), Error> {
    let url = application.public_url();
    let waiting_for = application.status.waiting_for();
    let token = if let FirstAdminLink::Token(token) = link { Some(token) } else { None };
    let address = application.address().map(|address| address.to_string());
    let metrics = application.metrics_address().map(|address| format!("http://{address}/metrics"));
    if context.json {
        return print_json(&json!({
            "url": url,
            "address": address,
            "metrics": metrics,
            "docs": format!("{url}{API_PREFIX}/docs"),
            "first_admin_token": token,
            "modules": modules,
            "waiting_for": waiting_for,
        }));
    }
    print_line(&format!("Piecework is running at {url}\nThe documentation of the API: {url}{API_PREFIX}/docs"))?;
    if modules.len() < CATALOGUE.len() {
        print_line(&format!("This process hosts {}. It forwards requests for the other modules.", modules.join(", ")))?;
    }
    for database in waiting_for {
        print_line(&format!(
            "The database {database} is not ready yet. Requests that need it are answered with 503 until it is."
        ))?;
    }
    match link {
        FirstAdminLink::Token(token) => print_first_admin(url, token),
        FirstAdminLink::NotNeeded => Ok(()),
        FirstAdminLink::NotKnownYet => print_line(
            "The database does not answer yet. If no person has an account, the link for the first admin follows as \
             soon as it does.",
        ),
    }
}

fn print_first_admin(url: &str, token: &str) -> Result<(), Error> {
    print_line(&format!(
        "No person has an account yet. This link creates the first admin and works once:\n  {}",
        pages::create_first_admin(url, token)
    ))
}

/// The one-time link for the first admin.
enum FirstAdminLink {
    /// A person has an account, or this process does not host identity.
    NotNeeded,
    /// The database does not answer yet.
    NotKnownYet,
    /// No person has an account. This is the token of the link.
    Token(String),
}

async fn first_admin_link(application: &Application) -> Result<FirstAdminLink, Error> {
    match application.modules.identity.create_first_admin_link().await {
        Ok(Some(token)) => Ok(FirstAdminLink::Token(token)),
        Ok(None) => Ok(FirstAdminLink::NotNeeded),
        Err(identity::Error::Database(error)) if error.is_unavailable() => Ok(FirstAdminLink::NotKnownYet),
        Err(error) => Err(Error::Module { module: "identity", reason: error.to_string() }),
    }
}

/// The signals that stop the process: SIGINT and SIGTERM.
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

    /// Returns on a signal that is not a part of the stop that has just begun.
    async fn received_again(&mut self) {
        let same_stop = async {
            loop {
                self.received().await;
            }
        };
        let _over: Result<(), _> = tokio::time::timeout(SAME_STOP, same_stop).await;
        self.received().await;
    }
}
