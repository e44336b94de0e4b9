//! All SQL of accounting, one file a table.

mod day_seals;
mod days;
mod people;
mod prices;
mod pricing_policies;
mod settings;
mod statements;
mod transfers;
mod verify;
mod wallets;
mod withdrawals;

pub use day_seals::*;
pub use days::*;
pub use people::*;
pub use prices::*;
pub use pricing_policies::*;
pub use settings::*;
pub use statements::*;
pub use transfers::*;
pub use verify::*;
pub use wallets::*;
pub use withdrawals::*;
