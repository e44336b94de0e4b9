//! The modules: which there are (the catalogue), which of them a process hosts (the plan), and the
//! objects themselves.

mod catalogue;
mod graph;
mod plan;

pub use catalogue::{CATALOGUE, ModuleEntry, Schema, database_of, entry, roles_in, subscriptions};
pub use graph::{Modules, mail_folder};
pub use plan::ModulePlan;
