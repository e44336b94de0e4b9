//! Says which tests were left out because a tool is missing.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// Writes one line to standard error. Cargo shows it also for a test that passes, because the test
/// runner captures only what `println!` and `eprintln!` write. A process says each thing once.
pub fn say_not_tested(what: &str) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if !said.iter().any(|known| known == what) {
        // Without a standard error there is nobody to read the line.
        drop(writeln!(std::io::stderr(), "not tested: {what}"));
        said.push(what.to_owned());
    }
}
