//! The program `piecework`.

use std::process::ExitCode;

fn main() -> ExitCode {
    piecework::cli::main()
}
