//! `piecework close-day`: closes the days that are over, or one day, and pays out the balances.

use clap::Args;
use kernel::module::Notice;
use kernel::{CalendarDate, Problem};
use serde_json::json;

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use crate::Error;
use crate::application::Application;

/// The options of the command.
#[derive(Debug, Args)]
pub struct CloseDayArguments {
    /// Close this day and the due days before it; today may be closed before its end
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<CalendarDate>,
    /// Print what would be paid, and pay nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &CloseDayArguments) -> Result<(), Error> {
    if arguments.dry_run {
        return with_application(context, async |application| preview(context, application, arguments).await).await;
    }
    let date = arguments.date.map(CalendarDate::date);
    let (result, due) = with_application(context, async |application| {
        let accounting = &application.modules.accounting;
        let result = match date {
            Some(date) => accounting.close_day(date, None).await,
            None => accounting.close_due_days().await,
        };
        Ok((result, accounting.get_due_days().await.map_err(Problem::from)?))
    })
    .await?;
    let notice = due.notice();
    let (closed, already_closed) = match result {
        Ok(closed) => (closed, None),
        Err(accounting::Error::DayAlreadyClosed(day) | accounting::Error::OpenDayAhead { day, .. }) => {
            (Vec::new(), Some(day))
        }
        Err(error) => {
            let error = Error::from(Problem::from(error));
            let Some(notice) = notice else { return Err(error) };
            return Err(Error::Failed(format!("{error}. {}; {}", notice.found, notice.advice)));
        }
    };
    if context.json {
        let mut report = json!({ "closed": days(&closed), "open_day": due.open_day, "notice": notice });
        if let Some(day) = already_closed {
            report["already_closed"] = json!(day);
        }
        return print_json(&report);
    }
    match already_closed {
        Some(day) => print_line(&format!("{day} is already closed. Nothing was changed."))?,
        None if closed.is_empty() => print_line("No day is due: every day that is over is closed.")?,
        None => print_closed(&closed)?,
    }
    print_notice(notice.as_ref())
}

fn print_notice(notice: Option<&Notice>) -> Result<(), Error> {
    notice.map_or(Ok(()), |notice| print_line(&format!("Note: {}; {}.", notice.found, notice.advice)))
}

async fn preview(context: &Context, application: &Application, arguments: &CloseDayArguments) -> Result<(), Error> {
    let preview = application.modules.accounting.preview_close(None).await.map_err(Problem::from)?;
    let day = preview.business_day;
    if let Some(date) = arguments.date
        && date.date() != day
    {
        return Err(Error::Failed(format!("{} is not the open day; the open day is {day}", date.date())));
    }
    let paid = application.modules.accounting.money(preview.paid_minor);
    let due = application.modules.accounting.get_due_days().await.map_err(Problem::from)?;
    if context.json {
        return print_json(&json!({ "date": day, "payouts": preview.payouts, "paid": paid, "notice": due.notice() }));
    }
    let behind = due.days_over();
    if behind > 0 {
        print_line(&format!("{behind} days are over and not closed yet. The first of them is {day}."))?;
    }
    print_line(&format!(
        "Closing {day} now would pay {} minor units of {} to {} people. Nothing was paid.",
        paid.amount_minor, paid.currency, preview.payouts
    ))?;
    print_notice(due.notice().as_ref())
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
            "{} is closed: {} people were paid {} minor units in total, {} wallets are below zero.",
            day.business_day, day.payouts, day.paid_minor, day.wallets_below_zero
        ))?;
    }
    Ok(())
}
