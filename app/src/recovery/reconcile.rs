//! Withdraws what accounting has booked for facts that the tracker has lost.
//!
//! Accounting is read first and the tracker second. A fact is in the tracker before accounting can
//! book it, so what the tracker lacks then is lost, and not on its way. Both are read once, in the
//! order of the tasks' ids.

use accounting::{BookedFact, BookedFactKind, TransferKind, Withdrawal};
use contracts::{Money, PersonId, TaskId, TransferId};
use kernel::events::replay::Replay;
use kernel::{Problem, Reason};
use serde::Serialize;
use tasks::TaskPeople;
use tokio::sync::mpsc::Receiver;

use super::{DRAIN_DEADLINE, in_database};
use crate::Error;
use crate::application::Application;

/// Number of bookings that are withdrawn in one transaction.
const WITHDRAWALS_PER_STEP: usize = 500;

/// A booking whose fact the tracker does not have.
#[derive(Debug, Clone, Serialize)]
pub struct UnfoundedBooking {
    /// The transfer.
    pub transfer_id: TransferId,
    /// The task.
    pub task_id: TaskId,
    /// A fee or a reward.
    pub kind: TransferKind,
    /// The person who was charged or rewarded.
    pub person_id: PersonId,
    /// The amount.
    pub amount: Money,
    /// Why the fact of the booking is missing.
    pub reason: &'static str,
    /// Whether the tracker has another fact in the place of the one that was booked. It is booked
    /// after the withdrawal.
    #[serde(skip)]
    is_booked_again: bool,
}

/// What a reconciliation has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Number of fees whose fact is missing.
    pub fees: usize,
    /// Number of rewards whose fact is missing.
    pub rewards: usize,
}

/// Finds the bookings whose fact is missing, calls `observe` with each, and withdraws them if
/// `applies`. A fact that the tracker has in the place of a withdrawn one is booked then.
///
/// # Errors
/// A database does not answer, or `observe` fails.
pub async fn reconcile(
    application: &Application,
    applies: bool,
    mut observe: impl FnMut(&UnfoundedBooking) -> Result<(), Error>,
) -> Result<Reconciled, Error> {
    application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    let mut found = Reconciled::default();
    let mut unfounded = Unfounded::begin(application).await?;
    loop {
        let mut bookings = Vec::new();
        while bookings.len() < WITHDRAWALS_PER_STEP {
            let Some(booking) = unfounded.next().await? else { break };
            observe(&booking)?;
            match booking.kind {
                TransferKind::AssignmentFee => found.fees += 1,
                _ => found.rewards += 1,
            }
            bookings.push(booking);
        }
        if bookings.is_empty() {
            break;
        }
        if applies {
            withdraw(application, &bookings).await?;
        }
    }
    application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    Ok(found)
}

async fn withdraw(application: &Application, bookings: &[UnfoundedBooking]) -> Result<(), Error> {
    let withdrawals: Result<Vec<Withdrawal>, _> = bookings
        .iter()
        .map(|booking| Ok(Withdrawal { transfer_id: booking.transfer_id, reason: Reason::parse(booking.reason)? }))
        .collect();
    let withdrawals = withdrawals.map_err(|error: kernel::InvalidReason| Error::Failed(error.to_string()))?;
    application.modules.accounting.withdraw(&withdrawals).await.map_err(Problem::from)?;
    let mut tasks: Vec<TaskId> = bookings.iter().filter(|one| one.is_booked_again).map(|one| one.task_id).collect();
    tasks.dedup();
    let replay = Replay::new(None, |_, _| {});
    application.modules.tasks.replay_tasks(&replay, &tasks).await.map_err(in_database("tasks"))
}

/// The bookings whose fact is missing.
struct Unfounded<'a> {
    application: &'a Application,
    booked: Receiver<Result<BookedFact, accounting::Error>>,
    /// The booking that is compared next.
    next: Option<BookedFact>,
    people: Receiver<Result<TaskPeople, tasks::Error>>,
    /// The task that was read last.
    task: Option<TaskPeople>,
}

impl<'a> Unfounded<'a> {
    async fn begin(application: &'a Application) -> Result<Self, Error> {
        let mut booked = application.modules.accounting.stream_booked_facts();
        // When the first booking is here, PostgreSQL has fixed what this stream contains.
        let next = receive(&mut booked).await?;
        let mut people = application.modules.tasks.stream_task_people();
        let task = receive(&mut people).await?;
        Ok(Self { application, booked, next, people, task })
    }

    async fn next(&mut self) -> Result<Option<UnfoundedBooking>, Error> {
        while let Some(fact) = self.next.take() {
            while self.task.as_ref().is_some_and(|task| task.task_id < fact.task_id) {
                self.task = receive(&mut self.people).await?;
            }
            self.next = receive(&mut self.booked).await?;
            let task = self.task.as_ref().filter(|task| task.task_id == fact.task_id);
            if let Some((reason, is_booked_again)) = missing_ground(&fact, task) {
                return Ok(Some(UnfoundedBooking {
                    transfer_id: fact.transfer_id,
                    task_id: fact.task_id,
                    kind: match fact.kind {
                        BookedFactKind::Assignment(_) => TransferKind::AssignmentFee,
                        BookedFactKind::Completion => TransferKind::CompletionReward,
                    },
                    person_id: fact.person_id,
                    amount: self.application.modules.accounting.money(fact.amount_minor),
                    reason,
                    is_booked_again,
                }));
            }
        }
        Ok(None)
    }
}

async fn receive<T, E>(receiver: &mut Receiver<Result<T, E>>) -> Result<Option<T>, Error>
where
    Problem: From<E>,
{
    receiver.recv().await.transpose().map_err(|error| Problem::from(error).into())
}

/// Why a booking has no ground, and whether the tracker has another fact in its place. `None`: it
/// has its ground.
fn missing_ground(fact: &BookedFact, task: Option<&TaskPeople>) -> Option<(&'static str, bool)> {
    let Some(task) = task else { return Some(("the task was lost", false)) };
    match fact.kind {
        BookedFactKind::Assignment(number) => {
            let place = usize::try_from(number).ok()?.checked_sub(1)?;
            match task.assignees.get(place) {
                None => Some(("the assignment was lost", false)),
                Some(assignee) if *assignee != fact.person_id => {
                    Some(("the assignment was lost, and the task was assigned to another person", true))
                }
                Some(_) => None,
            }
        }
        BookedFactKind::Completion => match task.completed_by {
            None => Some(("the completion was lost", false)),
            Some(person) if person != fact.person_id => {
                Some(("the completion was lost, and another person completed the task", true))
            }
            Some(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> PersonId {
        Uuid::from_u128(number).into()
    }

    fn fact(kind: BookedFactKind, by: u128) -> BookedFact {
        let id = Uuid::from_u128(7);
        BookedFact { transfer_id: id.into(), task_id: id.into(), kind, person_id: person(by), amount_minor: 1 }
    }

    #[test]
    fn a_booking_has_a_ground_if_the_tracker_has_the_same_fact() {
        let task = |completed_by: Option<u128>| TaskPeople {
            task_id: Uuid::from_u128(7).into(),
            assignees: vec![person(1), person(2)],
            completed_by: completed_by.map(person),
        };
        let missing =
            |kind, by, task: Option<&TaskPeople>| missing_ground(&fact(kind, by), task).map(|(_, again)| again);
        let (open, completed) = (task(None), task(Some(2)));
        assert_eq!(missing(BookedFactKind::Assignment(1), 1, None), Some(false));
        assert_eq!(missing(BookedFactKind::Assignment(1), 1, Some(&open)), None);
        assert_eq!(missing(BookedFactKind::Assignment(2), 1, Some(&open)), Some(true));
        assert_eq!(missing(BookedFactKind::Assignment(3), 1, Some(&open)), Some(false));
        assert_eq!(missing(BookedFactKind::Completion, 2, Some(&open)), Some(false));
        assert_eq!(missing(BookedFactKind::Completion, 2, Some(&completed)), None);
        assert_eq!(missing(BookedFactKind::Completion, 1, Some(&completed)), Some(true));
    }
}
