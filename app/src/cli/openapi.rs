//! `piecework openapi`: prints the OpenAPI document of the HTTP API.

use kernel::Ambient;

use super::context::Context;
use super::output::print_json;
use crate::Error;
use crate::databases::Databases;
use crate::http;
use crate::modules::Modules;

/// Runs the command. It connects to no database, because the document depends on the routes only.
pub fn run(context: &Context) -> Result<(), Error> {
    let databases = Databases::unreachable()?;
    let modules = Modules::new(&context.loaded.config, &databases, &Ambient::system(), "http://localhost")?;
    print_json(&http::document(&modules.all()))
}
