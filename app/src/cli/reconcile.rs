//! `piecework reconcile`: reverses what accounting has booked for facts that the tracker has lost.

use clap::Args;

use super::context::{Context, with_application};
use super::output::{print_json_line, print_line};
use crate::Error;
use crate::recovery::{self, Reconciled, UnfoundedBooking};

/// The options of the command.
#[derive(Debug, Args)]
pub struct ReconcileArguments {
    /// Reverse the bookings; without this option they are only listed
    #[arg(long)]
    apply: bool,
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &ReconcileArguments) -> Result<(), Error> {
    let found = with_application(context, async |application| {
        recovery::reconcile(application, arguments.apply, |booking| print_booking(context, booking)).await
    })
    .await?;
    if context.json {
        return Ok(());
    }
    let Reconciled { fees, rewards } = found;
    let text = match (fees + rewards, arguments.apply) {
        (0, _) => "Every fee and every reward has its fact in the tracker.".to_owned(),
        (_, false) => format!("{fees} fees and {rewards} rewards would be reversed. Nothing was changed."),
        (_, true) => format!("{fees} fees and {rewards} rewards were reversed. Check the result: piecework verify"),
    };
    print_line(&text)
}

fn print_booking(context: &Context, booking: &UnfoundedBooking) -> Result<(), Error> {
    if context.json {
        return print_json_line(booking);
    }
    let UnfoundedBooking { transfer_id, task_id, kind, person_id, amount, reason, .. } = booking;
    print_line(&format!(
        "transfer {transfer_id}: {} of {} {} minor units of {person_id} for task {task_id}: {reason}",
        kind.as_str(),
        amount.amount_minor,
        amount.currency
    ))
}
