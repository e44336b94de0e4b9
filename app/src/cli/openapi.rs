//! `piecework openapi`: the document of the HTTP API.

use kernel::Ambient;

use super::Context;
use super::output::print_json;
use crate::Error;
use crate::databases::Databases;
use crate::http;
use crate::modules::Modules;

/// Needs no database: the modules are built, and never asked anything.
pub fn run(context: &Context) -> Result<(), Error> {
    let databases = Databases::nowhere()?;
    let modules = Modules::new(&context.loaded.config, &databases, &Ambient::system(), "http://localhost")?;
    print_json(&http::document(&modules.all()))
}
