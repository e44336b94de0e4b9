//! Tasks: created, drawn at random, completed, drawn anew.
#![doc = include_str!("../README.md")]

mod commands;
mod domain;
mod error;
mod http;
mod import;
mod pace;
mod reassign;
mod service;
mod store;
mod subscribers;
mod verify;

pub use domain::{InvalidTask, NewTask, RawTask, draw};
pub use error::Error;
pub use import::{Import, ImportRow, RefusedRow};
pub use service::{Settings, TaskFilter, Tasks};
pub use store::{ReassignmentRow, TaskRow};
pub use subscribers::EVENT_TYPES;
pub use verify::TaskFact;

/// The schema `tasks` and its report views.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/tasks");
