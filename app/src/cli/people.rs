//! `piecework people add`: an account from the command line.

use std::io::{self, BufRead, IsTerminal, Read};

use clap::{Args, Subcommand};
use contracts::Role;
use identity::NewPerson;
use kernel::Problem;
use serde_json::json;

use super::output::{print_json, print_line};
use super::{Context, with_application};
use crate::Error;

/// Longer than any password may be.
const PASSWORD_LINE_MAX_BYTES: u64 = 4096;

#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// Add a person
    ///
    /// The password is the first line of standard input, if that is not a terminal. Without one, a one-time link is printed
    /// with which the person sets it.
    Add(AddArguments),
}

#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
    /// worker, accountant, manager or admin
    #[arg(long)]
    role: Role,
}

pub async fn run(context: &Context, command: PeopleCommand) -> Result<(), Error> {
    match command {
        PeopleCommand::Add(arguments) => add(context, arguments).await,
    }
}

async fn add(context: &Context, arguments: AddArguments) -> Result<(), Error> {
    let password = password_from(&io::stdin())?;
    let new = NewPerson { email: arguments.email, name: arguments.name, role: arguments.role, language: None };
    let (person, token, url) = with_application(context, async |application| {
        let added = application.modules.identity.add_person(new, password.as_deref()).await;
        let (person, token) = added.map_err(Problem::from)?;
        Ok((person, token, application.public_url().to_owned()))
    })
    .await?;
    if context.json {
        return print_json(
            &json!({ "id": person.id, "email": person.email, "name": person.name, "role": person.role, "set_password_token": token }),
        );
    }
    print_line(&format!("Added {} <{}> as {} ({}).", person.name, person.email, person.role, person.id))?;
    match token {
        None => Ok(()),
        Some(token) => print_line(&format!(
            "No password was given. With this one-time link one is set:\n{}",
            set_password_line(&url, &token)
        )),
    }
}

/// A command that uses a one-time link; there is no page for it yet.
fn set_password_line(url: &str, token: &str) -> String {
    let body = json!({ "token": token, "password": "CHOOSE-A-PASSWORD" });
    format!("  curl -X POST {url}/api/v1/auth/set-password -H 'Content-Type: application/json' -d '{body}'")
}

/// The first line, if there is one and nobody sits there to type it in the open.
fn password_from(input: &io::Stdin) -> Result<Option<String>, Error> {
    if input.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    let limited = input.lock().take(PASSWORD_LINE_MAX_BYTES);
    io::BufReader::new(limited).read_line(&mut line).map_err(Error::io("read the password from standard input"))?;
    let password = line.trim_end_matches(['\r', '\n']);
    Ok(Some(password.to_owned()).filter(|password| !password.is_empty()))
}
