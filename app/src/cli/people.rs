//! `piecework people add`: adds a person.

use std::io::{self, BufRead, IsTerminal, Read};

use clap::{Args, Subcommand};
use contracts::{Role, pages};
use identity::NewPerson;
use kernel::Problem;
use serde_json::json;

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use crate::Error;

/// Maximum length of the line with the password. No valid password is as long.
const PASSWORD_LINE_BYTES_MAX: u64 = 64 * 1024;

/// The commands of `people`.
#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// Add a person
    ///
    /// The password is the first line of standard input, if standard input is not a terminal.
    /// Without a password, the command prints a one-time link with which the person sets one.
    Add(AddArguments),
}

/// The options of `people add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The address for login and mail
    #[arg(long)]
    email: String,
    /// The name that other people see
    #[arg(long)]
    name: String,
    /// worker, accountant, manager or admin
    #[arg(long)]
    role: Role,
}

/// Runs the command.
pub async fn run(context: &Context, command: PeopleCommand) -> Result<(), Error> {
    match command {
        PeopleCommand::Add(arguments) => add(context, arguments).await,
    }
}

async fn add(context: &Context, arguments: AddArguments) -> Result<(), Error> {
    let password = password_from(&io::stdin())?;
    let new = NewPerson { email: arguments.email, name: arguments.name, role: arguments.role, language: None };
    let (person, token, url) = with_application(context, async |application| {
        let added = application.modules.identity.create_person(new, password.as_deref()).await;
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
            "No password was given. The person sets one with this one-time link:\n  {}",
            pages::set_password(&url, &token)
        )),
    }
}

/// The first line of the input. A terminal is not read, because it would show the password.
fn password_from(input: &io::Stdin) -> Result<Option<String>, Error> {
    if input.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    let limited = input.lock().take(PASSWORD_LINE_BYTES_MAX);
    io::BufReader::new(limited).read_line(&mut line).map_err(Error::io("read the password from standard input"))?;
    let password = line.trim_end_matches(['\r', '\n']);
    Ok(Some(password.to_owned()).filter(|password| !password.is_empty()))
}
