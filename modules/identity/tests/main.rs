//! Identity against a database of its own.

mod company;
mod http;
mod importing;
mod links;
mod people;
mod sessions;
