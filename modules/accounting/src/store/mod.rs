//! All SQL of accounting.

mod days;
mod ledger;
mod prices;
mod reads;
mod verify;

pub use days::*;
pub use ledger::*;
pub use prices::*;
pub use reads::*;
pub use verify::*;
