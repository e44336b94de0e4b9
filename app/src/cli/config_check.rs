//! `piecework config check`: prints the merged configuration with hidden secrets. Like every
//! command, it first refuses what `serve` refuses.

use clap::Subcommand;
use serde_json::Value;

use super::context::Context;
use super::output::{print_json, print_line};
use crate::Error;

/// The commands of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and print it with hidden secrets
    Check,
}

/// Runs the command.
pub fn run(context: &Context, command: &ConfigCommand) -> Result<(), Error> {
    match command {
        ConfigCommand::Check if context.json => print_json(&context.loaded.shown),
        ConfigCommand::Check => {
            let mut lines = vec![format!("# profile: {}", context.loaded.profile)];
            write_lines("", &context.loaded.shown, &mut lines);
            print_line(&lines.join("\n"))
        }
    }
}

/// Writes one line `key = value` for each setting, as in a TOML file with dotted keys.
fn write_lines(key: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                write_lines(&key, value, lines);
            }
        }
        value => lines.push(format!("{key} = {value}")),
    }
}
