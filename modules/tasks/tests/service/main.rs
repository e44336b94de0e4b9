//! The tasks module on a real database: what it does, what it says, and what it does with what it hears.

mod completing;
mod creating;
mod people;
mod reassigning;
mod support;
