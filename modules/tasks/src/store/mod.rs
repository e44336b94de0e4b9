//! All SQL of the tasks module.

mod lists;
mod people;
mod reassignments;
mod tasks;
mod verify;

pub use lists::*;
pub use people::*;
pub use reassignments::*;
pub use tasks::*;
pub use verify::*;
