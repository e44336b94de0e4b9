//! A user of the server for a test to kill. It joins or starts the server, prints the URL, and
//! waits for the end of its input.

use std::io::{Read, Write};

use embedded_postgres::{Durability, EmbeddedPostgres, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: hold DIRECTORY durable|throwaway";
    let directory = arguments.next().ok_or(usage)?;
    let durability = match arguments.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("durable") => Durability::Durable,
        Some("throwaway") => Durability::Throwaway,
        _ => return Err(usage.into()),
    };
    let server = EmbeddedPostgres::start(&Options {
        directory: directory.into(),
        bin_dir: None,
        durability,
        settings: Vec::new(),
        standby_of: None,
        supervisor: vec![std::env::current_exe()?.with_file_name("supervise").into()],
    })?;
    println!("{}", server.url("postgres"));
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
