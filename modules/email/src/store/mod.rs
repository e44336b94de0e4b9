//! All SQL of the schema `email`, one file for each table.

mod due_mails;
mod mails;
mod people;
mod verify;

pub use due_mails::lock_due_mails;
pub use mails::{
    count_mails, insert_mails, list_mails, list_mails_of_person, load_mail_state_and_kind, load_oldest_queued_mail,
    update_failed_mails, update_mail_to_queued, update_mails_to_sent, update_messages, update_parked_mails_to_queued,
    update_texts_to_deleted,
};
pub use people::upsert_people;
pub use verify::count_statements_by_day;
