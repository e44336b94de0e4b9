//! `piecework close-day`: pays everybody for the days that are over, or for one day.

use clap::Args;
use kernel::{CalendarDate, Problem};
use serde_json::json;

use super::output::{print_json, print_line};
use super::{Context, with_application};
use crate::Error;
use crate::application::Application;

#[derive(Debug, Args)]
pub struct CloseDayArguments {
    /// This day and those due before it; also today's, before its end
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<CalendarDate>,
    /// Show what would be paid, and pay nothing
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(context: &Context, arguments: &CloseDayArguments) -> Result<(), Error> {
    if arguments.dry_run {
        return with_application(context, async |application| preview(context, application, arguments).await).await;
    }
    let Some(date) = arguments.date else {
        let closed = with_application(context, async |application| {
            application.modules.accounting.close_due_days().await.map_err(|error| Problem::from(error).into())
        })
        .await?;
        if context.json {
            return print_json(&json!({ "closed": days(&closed) }));
        }
        return match closed.as_slice() {
            [] => print_line("No day is due: every day that is over is closed."),
            closed => print_closed(closed),
        };
    };
    let result = with_application(context, async |application| {
        Ok(application.modules.accounting.close_day(date.date(), None).await)
    })
    .await?;
    match result {
        Ok(closed) if context.json => print_json(&json!({ "closed": days(&closed) })),
        Ok(closed) => print_closed(&closed),
        Err(accounting::Error::DayAlreadyClosed(day)) if context.json => {
            print_json(&json!({ "closed": [], "already_closed": day }))
        }
        Err(accounting::Error::DayAlreadyClosed(day)) => {
            print_line(&format!("{day} is already closed; nothing was done."))
        }
        Err(error) => Err(Problem::from(error).into()),
    }
}

async fn preview(context: &Context, application: &Application, arguments: &CloseDayArguments) -> Result<(), Error> {
    let preview = application.modules.accounting.preview_close().await.map_err(Problem::from)?;
    let day = preview.business_day;
    if let Some(date) = arguments.date
        && date.date() != day
    {
        return Err(Error::Failed(format!("{} is not the open day, which is {day}", date.date())));
    }
    let paid = application.modules.accounting.money(preview.paid_minor);
    if context.json {
        return print_json(&json!({ "date": day, "payouts": preview.payouts, "paid": paid }));
    }
    let due = application.modules.accounting.load_due_days().await.map_err(Problem::from)?;
    let behind = due.today.signed_duration_since(due.open_day).num_days();
    if behind > 0 {
        print_line(&format!("{behind} days are over and not closed yet; {day} is the first of them."))?;
    }
    print_line(&format!(
        "Closing {day} now would pay {} people {} minor units of {} in all. Nothing was paid.",
        preview.payouts, paid.amount_minor, paid.currency
    ))
}

fn days(closed: &[accounting::ClosedDay]) -> Vec<serde_json::Value> {
    let day = |day: &accounting::ClosedDay| {
        json!({
            "date": day.business_day,
            "payouts": day.payouts,
            "paid_minor": day.paid_minor,
            "wallets_below_zero": day.wallets_below_zero,
        })
    };
    closed.iter().map(day).collect()
}

fn print_closed(closed: &[accounting::ClosedDay]) -> Result<(), Error> {
    for day in closed {
        print_line(&format!(
            "{} is closed: {} people were paid {} minor units in all, {} wallets are below zero.",
            day.business_day, day.payouts, day.paid_minor, day.wallets_below_zero
        ))?;
    }
    Ok(())
}
